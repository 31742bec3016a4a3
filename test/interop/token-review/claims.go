package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-jose/go-jose/v4/jwt"
)

type reference struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

type kubernetes struct {
	Namespace      string           `json:"namespace"`
	ServiceAccount *reference       `json:"serviceaccount"`
	Pod            *reference       `json:"pod"`
	Node           *reference       `json:"node"`
	Secret         *reference       `json:"secret"`
	WarnAfter      *jwt.NumericDate `json:"warnafter"`
}

type private struct {
	Kubernetes *kubernetes `json:"kubernetes.io"`
}

type claims struct {
	jwt.Claims
	private
	all map[string]any
}

var (
	label     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	subdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

func (c *claims) check(issuer string, asked request) error {
	if len(asked.Audiences) == 0 {
		return errors.New("the request names no audience")
	}
	if c.Expiry == nil {
		return errors.New("the token has no exp")
	}
	// Go's decoder treats null like a missing member.
	for _, name := range []string{"nbf", "iat", "jti"} {
		if value, ok := c.all[name]; ok && value == nil {
			return fmt.Errorf("the token's %s is null", name)
		}
	}
	expected := jwt.Expected{Issuer: issuer, AnyAudience: asked.Audiences, Time: asked.Now}
	if err := c.ValidateWithLeeway(expected, 0); err != nil {
		return err
	}
	namespace, name, err := serviceAccount(c.Subject)
	if err != nil {
		return err
	}
	return c.agree(namespace, name)
}

func serviceAccount(subject string) (namespace, name string, err error) {
	parts := strings.Split(subject, ":")
	if len(parts) != 4 || parts[0] != "system" || parts[1] != "serviceaccount" {
		return "", "", errors.New("the token's sub is not a service account")
	}
	namespace, name = parts[2], parts[3]
	if len(namespace) > 63 || !label.MatchString(namespace) {
		return "", "", errors.New("the namespace in the token's sub is not a DNS label")
	}
	if len(name) > 253 || !subdomain.MatchString(name) {
		return "", "", errors.New("the name in the token's sub is not a DNS subdomain")
	}
	return namespace, name, nil
}

// Checks that the private claims of Kubernetes match sub.
func (c *claims) agree(namespace, name string) error {
	value, ok := c.all["kubernetes.io"]
	if !ok {
		return nil
	}
	if err := refuseNull(value); err != nil {
		return err
	}
	bound := c.Kubernetes
	if bound.Namespace != namespace || bound.ServiceAccount == nil || bound.ServiceAccount.Name != name {
		return errors.New("kubernetes.io names another service account than sub")
	}
	if bound.Pod != nil && (bound.Pod.Name == "" || bound.Pod.UID == "") {
		return errors.New("kubernetes.io has a pod without a name or a uid")
	}
	if bound.Node != nil && bound.Node.Name == "" {
		return errors.New("kubernetes.io has a node without a name")
	}
	return nil
}

// Rejects null where kubernetes.io has a member of a known type; unknown members may have any value.
func refuseNull(bound any) error {
	if bound == nil {
		return errors.New("kubernetes.io is null")
	}
	members, _ := bound.(map[string]any)
	for _, name := range []string{"namespace", "serviceaccount", "pod", "node", "secret", "warnafter"} {
		member, ok := members[name]
		if ok && member == nil {
			return fmt.Errorf("kubernetes.io's %s is null", name)
		}
		fields, _ := member.(map[string]any)
		for _, field := range []string{"name", "uid"} {
			if value, ok := fields[field]; ok && value == nil {
				return fmt.Errorf("kubernetes.io's %s.%s is null", name, field)
			}
		}
	}
	return nil
}

func (c *claims) uid() string {
	if c.Kubernetes == nil {
		return ""
	}
	return c.Kubernetes.ServiceAccount.UID
}

// The facts that the API server returns about a token in addition to its user.
func (c *claims) extra() map[string][]string {
	extra := map[string][]string{}
	put := func(name, value string) {
		if value != "" {
			extra["authentication.kubernetes.io/"+name] = []string{value}
		}
	}
	if c.ID != "" {
		put("credential-id", "JTI="+c.ID)
	}
	if c.Kubernetes == nil {
		return extra
	}
	if pod := c.Kubernetes.Pod; pod != nil {
		put("pod-name", pod.Name)
		put("pod-uid", pod.UID)
	}
	if node := c.Kubernetes.Node; node != nil {
		put("node-name", node.Name)
		put("node-uid", node.UID)
	}
	return extra
}
