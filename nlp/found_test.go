package nlp_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

func TestFound(t *testing.T) {
	a := analyzer(t, nlp.Options{Fields: []nlp.FieldName{
		{Field: "shop", Code: "SH018", Names: []string{"徐家汇店", "徐家汇"}},
		{Field: "shop", Code: "SH019", Names: []string{"徐家汇美罗城店", "中山店"}},
		{Field: "shop", Code: "GZ001", Names: []string{"中山店", "TIT创意园"}},
		{Field: "product", Code: "P7", Names: []string{"芋泥波波", "TWS3"}},
	}})
	for text, want := range map[string]map[string]string{
		"徐家汇店的芋泥波波太甜":                     {"shop": "SH018", "product": "P7"},
		"徐家匯店太慢":                          {"shop": "SH018"},
		"不是徐家汇店，是徐家汇美罗城店":                 {"shop": "SH019"},
		"中山店服务差":                          nil, // two shops have this name
		"tit创意园店":                         {"shop": "GZ001"},
		"tits创意园":                         nil,
		"ＴＷＳ３没声音":                         {"product": "P7"},
		"tws35没声音":                        nil,
		"订单号：TB20240115003344，还没到":        {"order": "TB20240115003344"},
		"订单 2024011500334455 退款":          {"order": "2024011500334455"},
		"订单编号是 88-2024-1234":              {"order": "88-2024-1234"},
		"快递单号SF1234567890123一直不动":         {"tracking": "SF1234567890123"},
		"快递单号SF1234567890123，订单号99887766": {"tracking": "SF1234567890123", "order": "99887766"},
		"批号20231201A吃了拉肚子":                {"batch": "20231201A"},
		"Order #A1234567 not arrived":     {"order": "A1234567"},
		"订单里少了3件，花了1299元":                 nil,
		"1月15号的订单2024年下的":                 nil,
		"订单，电话13812345678":                nil,
		"我的订单13812345678":                 nil,
		"订单12天了还没到":                       nil,
	} {
		if got := a.Analyze(text).Found; !maps.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestNewNamesWhatCannotBeUsed(t *testing.T) {
	long := strings.Repeat("长", 60)
	for want, o := range map[string]nlp.Options{
		`topic "物流": word "/(/"`:           {Topics: []nlp.Topic{{Name: "物流", Words: []string{"快递", "/(/"}}}},
		`topic "物流": word "/a*/"`:          {Topics: []nlp.Topic{{Name: "物流", Words: []string{"/a*/"}}}},
		`topic "物流": word ""`:              {Topics: []nlp.Topic{{Name: "物流", Words: []string{""}}}},
		"topic \"物流\": word \"\u200b\"":    {Topics: []nlp.Topic{{Name: "物流", Words: []string{"\u200b"}}}},
		`topic "物流": word "` + long:        {Topics: []nlp.Topic{{Name: "物流", Words: []string{long}}}},
		`topic "物流" is there twice`:        {Topics: []nlp.Topic{{Name: "物流", Words: []string{"a"}}, {Name: "物流", Words: []string{"b"}}}},
		`topic "物流" has neither`:           {Topics: []nlp.Topic{{Name: "物流"}}},
		`topic 1 has no name`:              {Topics: []nlp.Topic{{Words: []string{"a"}}}},
		`shop SH1: the name "店"`:           {Fields: []nlp.FieldName{{Field: "shop", Code: "SH1", Names: []string{"店"}}}},
		`field value 1 (shop ) needs`:      {Fields: []nlp.FieldName{{Field: "shop", Names: []string{"徐家汇店"}}}},
		`word "" holds nothing that could`: {Words: []string{""}},
	} {
		_, err := nlp.New(o)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(strings.ReplaceAll(want, "\u200b", `\u200b`), "")) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestConfiguredTopics(t *testing.T) {
	a := analyzer(t, nlp.Options{Topics: []nlp.Topic{
		{Name: "物流配送", Words: []string{"骑手"}},
		{Name: "退订", Words: []string{"退 +多久 !不用退"}},
		{Name: "编号", Words: []string{`/[a-z]{2}-\d{3}/`}},
		{Name: "苹果", Words: []string{"Mac", "iPhone 15"}},
	}})
	for text, want := range map[string]string{
		"骑手骂人":          "服务态度 物流配送",
		"快递没到":          "", // the configured topic has replaced the built-in one
		"退的话要多久":        "退订",
		"退的话":           "",
		"多久都不用退":        "",
		"AB-123 呢":      "编号",
		"ｍａｃ开不了机":       "苹果 产品质量",
		"macbook":       "",
		"iphone 15 pro": "苹果",
		"iphone 150":    "",
	} {
		var names []string
		for _, topic := range a.Analyze(text).Topics {
			names = append(names, topic.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if names := a.Topics(); len(names) != 16 || names[len(names)-1] != "苹果" {
		t.Errorf("topics: %v", names)
	}
}

func TestTopicsByExample(t *testing.T) {
	parking := []string{"停车太难了，绕了三圈没车位", "地下车库收费贵", "停车券怎么领", "车位太窄，开门都难", "没地方停车，只好停路边", "车库入口不好找", "停车场出口堵了半小时", "停车两小时免费吗"}
	kids := []string{"儿童区的滑梯坏了", "给小朋友的椅子不够", "宝宝椅很脏", "孩子玩的海洋球好久没洗", "亲子活动很有意思", "儿童餐太少选择", "小朋友玩得很开心"}
	a := analyzer(t, nlp.Options{Topics: []nlp.Topic{
		{Name: "停车", Examples: parking}, {Name: "亲子", Examples: kids, Words: []string{"亲子"}}, {Name: "少", Words: []string{"无"}, Examples: []string{"一条"}},
	}})
	for text, want := range map[string]string{
		"地下车库没有车位": "停车", "车库怎么走": "停车", "小朋友的滑梯什么时候修好": "亲子", "密码忘了": "",
	} {
		got := ""
		for _, topic := range a.Analyze(text).Topics {
			if topic.Name == "停车" || topic.Name == "亲子" {
				got += topic.Name
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if _, err := nlp.New(nlp.Options{Topics: []nlp.Topic{{Name: "停车", Examples: parking[:3]}}}); err == nil {
		t.Error("three examples were enough")
	}
}
