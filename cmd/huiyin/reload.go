package main

import (
	"reflect"

	"github.com/huiyin/huiyin/config"
)

// fixedParts names the parts of a configuration that differ and cannot be
// changed while the program runs: where data is, what is listened on, and the
// connections to platforms.
func fixedParts(old, fresh *config.Config) []string {
	var names []string
	differ := func(name string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			names = append(names, name)
		}
	}
	differ("storage", old.Storage, fresh.Storage)
	differ("web", old.Web, fresh.Web)
	differ("bots", old.Bots, fresh.Bots)
	differ("listeners", old.Listeners, fresh.Listeners)
	differ("security", old.Security, fresh.Security)
	differ("network", old.Network, fresh.Network)
	differ("files", old.Files, fresh.Files)
	differ("log", old.Log, fresh.Log)
	differ("advanced", old.Advanced, fresh.Advanced)
	return names
}
