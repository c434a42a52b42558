package main

import (
	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/robot"
	"github.com/huiyin/huiyin/bots/slack"
	"github.com/huiyin/huiyin/bots/telegram"
	"github.com/huiyin/huiyin/bots/webchat"
	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/listeners/feed"
	"github.com/huiyin/huiyin/listeners/webhook"
)

// botKinds are the connectors people talk through. A new one is a folder below
// bots and a line here.
func botKinds() []bots.Kind {
	return []bots.Kind{
		webchat.Kind(),
		telegram.Kind(),
		slack.Kind(),
		robot.Kind(),
	}
}

// listenerKinds are the sources of what is said elsewhere. A new one is a
// folder below listeners and a line here.
func listenerKinds() []listeners.Kind {
	return []listeners.Kind{
		feed.Kind(),
		webhook.Kind(),
	}
}

// configKinds are the kinds as the configuration needs to know them.
func configKinds() config.Kinds {
	var out config.Kinds
	for _, k := range botKinds() {
		out.Bots = append(out.Bots, config.Kind{
			Name: k.Name, Title: k.Title, TitleEN: k.TitleEN, Sample: k.Sample, Options: k.Options,
			Validate: validateBot, Team: k.Caps.Team, OneChat: k.Caps.Team && !k.Caps.TwoWay,
		})
	}
	for _, k := range listenerKinds() {
		out.Listeners = append(out.Listeners, config.Kind{Name: k.Name, Title: k.Title, TitleEN: k.TitleEN, Sample: k.Sample, Options: k.Options, Validate: validateListener})
	}
	return out
}

func validateBot(options any) []config.KeyProblem {
	v, ok := options.(bots.Validator)
	if !ok {
		return nil
	}
	return keyProblems(v.Validate())
}

func validateListener(options any) []config.KeyProblem {
	v, ok := options.(listeners.Validator)
	if !ok {
		return nil
	}
	return keyProblems(v.Validate())
}

func keyProblems[P ~struct{ Key, Text string }](found []P) []config.KeyProblem {
	var out []config.KeyProblem
	for _, p := range found {
		out = append(out, config.KeyProblem(p))
	}
	return out
}
