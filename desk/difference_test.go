package desk

import (
	"strings"
	"testing"
)

func TestDifference(t *testing.T) {
	long := strings.Repeat("长", 100)
	for _, c := range []struct{ was, is, before, after string }{
		{"奶茶里有虫", "奶茶里有塑料片", "虫", "塑料片"},
		{"芋泥奶茶里有条虫，气死了", "芋泥奶茶里有块塑料片，气死了", "条虫", "块塑料片"},
		{"订单 123", "订单 124", "3", "4"},
		{"你好", "你好啊", "", "啊"},
		{"啊你好", "你好", "啊", ""},
		{"一样", "一样", "", ""},
		{"", "新的", "", "新的"},
		{"全不同", "另一句", "全不同", "另一句"},
		{"好好", "好好好", "", "好"},
		{long, "短", strings.Repeat("长", 60) + "…", "短"},
		{"退款 🙂", "退款 🙃", "🙂", "🙃"},
	} {
		if before, after := difference(c.was, c.is); before != c.before || after != c.after {
			t.Errorf("%q → %q: 「%s」→「%s」, want 「%s」→「%s」", c.was, c.is, before, after, c.before, c.after)
		}
	}
}
