// The part of a kubelet that kubectl exec reaches: it runs commands as processes of this machine, each with the
// environment of its pod, and takes calls of the API server alone, by its client certificate.
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
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	client "k8s.io/client-go/tools/remotecommand"
	server "k8s.io/kubelet/pkg/cri/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

func main() {
	listen := flag.String("listen", "", "host:port")
	certificate := flag.String("certificate", "", "PEM that the API server is shown")
	key := flag.String("key", "", "its key")
	callers := flag.String("callers", "", "PEM of the root that callers' certificates chain to")
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
	// What runs in a pod ends with the node.
	node.processes.Wait()
}

// Whoever may call it may run anything here, as on a real node.
func demanding(callers string) *tls.Config {
	pem, err := os.ReadFile(callers)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		log.Fatalf("no root of callers in %q: %v", callers, err)
	}
	// SPDY takes over a connection of HTTP/1.1.
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
	return mux
}

func (n *node) ExecInContainer(_ context.Context, pod string, _ types.UID, container string, command []string,
	in io.Reader, out, errOut io.WriteCloser, _ bool, _ <-chan client.TerminalSize, _ time.Duration) error {
	environment, err := readLines(filepath.Join(n.containers, pod, container))
	if err != nil {
		return fmt.Errorf("no container %s in %s", container, pod)
	}
	file, err := find(command[0], environment)
	if err != nil {
		return err
	}
	// The request's context does not end with a connection that was taken over, so that of this process has to.
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

// On the PATH of the pod and not on ours.
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
