package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/nlp"
)

const deploy = "../../deploy"

func TestDeployedConfigurationsLoad(t *testing.T) {
	env := func(name string) (string, bool) {
		values := map[string]string{
			"HUIYIN_PUBLIC_URL": "https://feedback.example.com", "POSTGRES_PASSWORD": "p", "REDIS_PASSWORD": "p",
			"DATABASE_URL": "postgres://u@h/d", "REDIS_URL": "redis+cluster://a:6379,b:6379",
		}
		v, ok := values[name]
		return v, ok
	}
	for _, name := range []string{"huiyin.yaml", "huiyin.cluster.yaml", "kubernetes/huiyin.yaml"} {
		_, problems := config.Load(filepath.Join(deploy, name), config.Options{Kinds: configKinds(), Topics: nlp.BuiltinTopics(), Env: env, Texts: checkTexts})
		for _, p := range problems {
			t.Errorf("%s: %v", name, p)
		}
	}
}

// metricNames are all that /metrics may show of ours.
func metricNames() map[string]bool {
	names := map[string]bool{}
	ch := make(chan *prometheus.Desc)
	go func() {
		defer close(ch)
		newMeter().registry.Describe(ch)
		(&backlog{}).Describe(ch)
	}()
	for d := range ch {
		name, _, _ := strings.Cut(strings.TrimPrefix(d.String(), `Desc{fqName: "`), `"`)
		names[name] = true
	}
	return names
}

var ownMetric = regexp.MustCompile(`huiyin_[a-z_]+`)

func TestWatchingNamesMetricsThatExist(t *testing.T) {
	names := metricNames()
	for _, file := range []string{"prometheus/alerts.yaml", "grafana/huiyin.json", "../docs/operations.md"} {
		text, err := os.ReadFile(filepath.Join(deploy, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range ownMetric.FindAllString(string(text), -1) {
			if !names[name] && !names[strings.TrimSuffix(name, "_bucket")] && name != "huiyin_data" {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range names {
		if strings.HasPrefix(name, "huiyin_") && !bytes.Contains(operations, []byte(name)) {
			t.Errorf("docs/operations.md does not tell of %s", name)
		}
	}
}

func TestAlertsAreExplained(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations struct{ Summary, Description string }
			}
		}
	}
	readYAML(t, "prometheus/alerts.yaml", &file)
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := file.Groups[0].Rules
	if len(rules) == 0 {
		t.Fatal("no rules were read")
	}
	for _, r := range rules {
		if r.Expr == "" || r.Annotations.Summary == "" || r.Annotations.Description == "" {
			t.Errorf("%s lacks an expression, a summary or a description", r.Alert)
		}
		if !bytes.Contains(operations, []byte("`"+r.Alert+"`")) {
			t.Errorf("docs/operations.md does not say what to do about %s", r.Alert)
		}
	}
}

func readYAML(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// manifest is what the test looks at of a Kubernetes object.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Template struct {
			Spec struct {
				InitContainers []container `yaml:"initContainers"`
				Containers     []container
				Volumes        []struct{ Name string }
			}
		}
	}
}

type container struct {
	Args         []string
	VolumeMounts []struct{ Name string } `yaml:"volumeMounts"`
	Security     struct {
		ReadOnly bool `yaml:"readOnlyRootFilesystem"`
	} `yaml:"securityContext"`
}

func TestKubernetesManifests(t *testing.T) {
	var all struct{ Resources []string }
	readYAML(t, "kubernetes/kustomization.yaml", &all)
	var ran []string
	for _, name := range all.Resources {
		for _, m := range manifests(t, name) {
			pod := m.Spec.Template.Spec
			for _, c := range append(pod.InitContainers, pod.Containers...) {
				if !c.Security.ReadOnly {
					t.Errorf("%s: %s may write to its image", name, c.Args[0])
				}
				for _, mount := range c.VolumeMounts {
					if !slices.ContainsFunc(pod.Volumes, func(v struct{ Name string }) bool { return v.Name == mount.Name }) {
						t.Errorf("%s: no volume %s", name, mount.Name)
					}
				}
				if i := slices.Index(c.Args, "-only"); i >= 0 {
					ran = append(ran, strings.Split(c.Args[i+1], ",")...)
				}
			}
		}
	}
	slices.Sort(ran)
	if want := []string{"bots", "listeners", "pipeline", "web"}; !slices.Equal(ran, want) {
		t.Errorf("roles %v run, want each once: %v", ran, want)
	}
}

func manifests(t *testing.T, name string) (out []manifest) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deploy, "kubernetes", name))
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var m manifest
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m.Kind == "" || m.Metadata.Name == "" {
			t.Errorf("%s: an object without kind or name", name)
		}
		out = append(out, m)
	}
}
