// The part of a kubelet behind `kubectl exec`, `logs` and `port-forward`. It runs commands as processes of this
// machine, each with its pod's environment, and accepts only the API server, authenticated by its client certificate.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	client "k8s.io/client-go/tools/remotecommand"
	"k8s.io/kubelet/pkg/cri/streaming/portforward"
	server "k8s.io/kubelet/pkg/cri/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

func main() {
	listen := flag.String("listen", "", "host:port")
	certificate := flag.String("certificate", "", "PEM file with the serving certificate")
	key := flag.String("key", "", "PEM file with the serving key")
	callers := flag.String("callers", "", "PEM file with the root of the callers' certificates")
	containers := flag.String("containers", "", "directory with <namespace>/<pod>/<container>: lines NAME=VALUE")
	flag.Parse()
	running, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	node := &node{containers: *containers, running: running}
	kubelet := &http.Server{Addr: *listen, Handler: node.handler(), TLSConfig: demanding(*callers)}
	go func() {
		<-running.Done()
		_ = kubelet.Close()
	}()
	if err := kubelet.ListenAndServeTLS(*certificate, *key); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	// The processes of a pod stop with the node.
	node.processes.Wait()
}

// As on a real node, every accepted caller may run any command.
func demanding(callers string) *tls.Config {
	pem, err := os.ReadFile(callers)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		log.Fatalf("cannot read the callers' root from %q: %v", callers, err)
	}
	// SPDY takes over an HTTP/1.1 connection.
	return &tls.Config{ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{"http/1.1"}}
}

type node struct {
	containers string
	running    context.Context
	processes  sync.WaitGroup
}

func (n *node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		streams, err := server.NewOptions(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		pod := filepath.Join(r.PathValue("namespace"), r.PathValue("pod"))
		command := r.URL.Query()["command"]
		server.ServeExec(w, r, n, pod, "", r.PathValue("container"), command, streams,
			time.Hour, 30*time.Second, remotecommand.SupportedStreamingProtocols)
	})
	mux.HandleFunc("/containerLogs/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(n.containers, r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")+".log"))
	})
	mux.HandleFunc("/portForward/{namespace}/{pod}", func(w http.ResponseWriter, r *http.Request) {
		options, err := portforward.NewV4Options(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		pod := filepath.Join(r.PathValue("namespace"), r.PathValue("pod"))
		portforward.ServePortForward(w, r, n, pod, "", options, time.Hour, 30*time.Second, portforward.SupportedProtocols)
	})
	return mux
}

// Connects to the address at which the pod's processes listen.
func (n *node) PortForward(_ context.Context, pod string, _ types.UID, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	address, err := os.ReadFile(filepath.Join(n.containers, pod, "address"))
	if err != nil {
		return err
	}
	connection, err := net.Dial("tcp", net.JoinHostPort(string(address), strconv.Itoa(int(port))))
	if err != nil {
		return err
	}
	defer connection.Close()
	go func() {
		_, _ = io.Copy(connection, stream)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	return err
}

func (n *node) ExecInContainer(_ context.Context, pod string, _ types.UID, container string, command []string,
	in io.Reader, out, errOut io.WriteCloser, _ bool, _ <-chan client.TerminalSize, _ time.Duration) error {
	environment, err := readLines(filepath.Join(n.containers, pod, container))
	if err != nil {
		return fmt.Errorf("container %s not found in %s", container, pod)
	}
	file, err := find(command[0], environment)
	if err != nil {
		return err
	}
	// The request's context is not cancelled when a taken-over connection closes, so the node's own context is
	// used.
	process := exec.CommandContext(n.running, file, command[1:]...)
	process.Env, process.Stdin, process.Stdout, process.Stderr = environment, in, out, errOut
	process.WaitDelay = time.Second
	n.processes.Add(1)
	defer n.processes.Done()
	err = process.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return err
}

func readLines(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := []string{}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	return lines, nil
}

// Searches the PATH of the pod, not the PATH of this process.
func find(name string, environment []string) (string, error) {
	for _, variable := range environment {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			for _, directory := range filepath.SplitList(path) {
				if file, err := exec.LookPath(filepath.Join(directory, name)); err == nil {
					return file, nil
				}
			}
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}
