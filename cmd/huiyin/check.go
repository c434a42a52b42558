package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk/phrase"
)

// check says what is wrong with the configuration and touches nothing.
func check(_ context.Context, c *cli, args []string) error {
	fs := newFlags("check")
	sample := fs.Bool("sample", false, c.tr("印出一份完整的、带说明的样本", "print a full commented sample"))
	texts := fs.Bool("texts", false, c.tr("印出给人看的每一句话、名字和变量", "print every text with its name and variables"))
	if _, err := c.flags(fs, args, 0); err != nil {
		return err
	}
	switch {
	case *sample:
		fmt.Fprint(c.out, config.Sample(configKinds(), c.lang))
		return nil
	case *texts:
		for _, k := range phrase.Keys() {
			fmt.Fprintf(c.out, "%s", k.Key)
			if len(k.Vars) > 0 {
				fmt.Fprintf(c.out, "  {%s}", strings.Join(k.Vars, "} {"))
			}
			fmt.Fprintf(c.out, "\n  zh-CN  %s\n  en     %s\n", oneLine(k.Zh), oneLine(k.En))
		}
		return nil
	}
	if _, err := c.loadConfig(); err != nil {
		return err
	}
	if c.lang == "en" {
		fmt.Fprintln(c.out, "The configuration is fine.")
	} else {
		fmt.Fprintln(c.out, "配置没有问题。")
	}
	return nil
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "⏎") }
