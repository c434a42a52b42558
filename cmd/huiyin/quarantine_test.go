package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

func TestQuarantine(t *testing.T) {
	d := newDesktop(t)
	d.done("migrate")
	db, err := store.Open(t.Context(), "sqlite:huiyin-data/huiyin.db", store.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	said := &feedback.Message{
		Channel: "care", External: "1", Platform: "telegram", Direction: feedback.In, Kind: feedback.KindMessage, Text: "漏水\x1b[2J了", Lane: feedback.Live,
		Item: 12, Stage: feedback.StageQuarantined, Error: "panic: boom\nat", PostedAt: time.Now(), ReceivedAt: time.Now(),
	}
	unread := &feedback.Message{
		Channel: "care", External: "2", Platform: "telegram", Direction: feedback.In, Kind: feedback.KindMessage, Raw: []byte("?"), Lane: feedback.Live,
		Stage: feedback.StageQuarantined, Error: "the platform's payload could not be read", PostedAt: time.Now(), ReceivedAt: time.Now(),
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertMessages([]*feedback.Message{said, unread})
		return err
	}); err != nil {
		t.Fatal(err)
	}

	if code, out, _ := d.run("doctor"); code != exitFailed || !strings.Contains(out, "✗ 积压：2 条消息处理不了") || !strings.Contains(out, "huiyin quarantine") {
		t.Errorf("doctor says %d:\n%s", code, out)
	}
	listed := d.done("quarantine")
	if lines := strings.Split(listed, "\n"); len(lines) != 2 || !strings.Contains(listed, "\tcare\t#12\tpanic: boom at") || !strings.Contains(listed, "\tcare\t-\tthe platform's") {
		t.Errorf("listed:\n%s", listed)
	}
	if strings.Contains(listed, "漏水") {
		t.Error("a customer's words are shown without being asked for")
	}
	if with := d.done("quarantine", "-text"); !strings.Contains(with, "漏水") || strings.Contains(with, "\x1b") {
		t.Errorf("with texts: %q", with)
	}
	if out := d.done("quarantine", "-replay", "all"); !strings.HasPrefix(out, "1 条") {
		t.Errorf("replay of all said %q, want 1: what could not be read stays", out)
	}
	if code, _, err := d.run("quarantine", "-replay", strconv.FormatInt(said.ID, 10)); code != exitFailed || !strings.Contains(err, "not set aside") {
		t.Errorf("a second replay: %d %q", code, err)
	}
	if left := d.done("quarantine"); !strings.HasPrefix(left, strconv.FormatInt(unread.ID, 10)+"\t") || strings.Contains(left, "\n") {
		t.Errorf("left: %q", left)
	}
	for _, args := range [][]string{{"7"}, {"-replay"}, {"-replay", "seven"}, {"-replay", "-1"}} {
		if code, _, err := d.run(append([]string{"quarantine"}, args...)...); code != exitUsage || err == "" {
			t.Errorf("quarantine %v: %d %q", args, code, err)
		}
	}
}

func TestDoctorSpeaksBothLanguages(t *testing.T) {
	d := newDesktop(t)
	d.write("zh.yaml", "storage: {redis: \"redis://127.0.0.1:1\", database: \"sqlite:a.db\"}\n")
	for lang, wants := range map[string][]string{
		"zh_CN.UTF-8": {"✓ 数据库：sqlite 能读能写", "✓ 积压：没有", "✗ Redis：没有应答", "    → 看 Redis 有没有启动", "✓ 词典：能用"},
		"en_GB.UTF-8": {"✓ database: sqlite can be read and written", "✓ backlog: none", "✗ Redis: does not answer", "    → see whether it runs", "✓ dictionary: works"},
	} {
		code, out, _ := d.runIn(lang, "doctor", "-c", "zh.yaml")
		if code != exitFailed {
			t.Errorf("%s: exit %d", lang, code)
		}
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", lang, want, out)
			}
		}
	}
}
