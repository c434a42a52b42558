package slack

import (
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

// The manifest people paste asks for the scopes that doctor looks for, and for
// the events that are decoded.
func TestManifest(t *testing.T) {
	raw, err := os.ReadFile("manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
		Features struct {
			Slash []struct {
				Command string `yaml:"command"`
			} `yaml:"slash_commands"`
		} `yaml:"features"`
		Settings struct {
			Socket bool `yaml:"socket_mode_enabled"`
			Events struct {
				Bot []string `yaml:"bot_events"`
			} `yaml:"event_subscriptions"`
			Interactivity struct {
				On bool `yaml:"is_enabled"`
			} `yaml:"interactivity"`
		} `yaml:"settings"`
	}
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, s := range scopes() {
		want = append(want, s.name)
	}
	if !slices.Equal(m.OAuth.Scopes.Bot, want) {
		t.Errorf("scopes %v, doctor wants %v", m.OAuth.Scopes.Bot, want)
	}
	for _, event := range []string{"app_mention", "message.channels", "message.groups", "message.im", "member_joined_channel", "app_home_opened", "channel_id_changed"} {
		if !slices.Contains(m.Settings.Events.Bot, event) {
			t.Errorf("event %s is not subscribed to", event)
		}
	}
	if !m.Settings.Socket || !m.Settings.Interactivity.On || len(m.Features.Slash) != 1 || m.Features.Slash[0].Command != "/hy" {
		t.Errorf("settings %+v, commands %+v", m.Settings, m.Features.Slash)
	}
}
