package nlp

// Hazards, in the order in which they are told.
const (
	hazardHarm = iota
	hazardFood
	hazardSelfharm
	hazardLegal
	hazardMedia
	hazardMinor
	hazardChurn
	hazardDeadline
	hazardCount
)

var hazardNames = [hazardCount]string{"harm", "food", "selfharm", "legal", "media", "minor", "churn", "deadline"}

// hazardRules are what makes a message urgent, in the notation of intentRules.
// Weight 3 is critical by itself, 2 high by itself, 1 counts only beside other
// evidence of the same hazard. Negated words and words of hazardHarmless do not
// count.
var hazardRules = [hazardCount]string{
	hazardHarm: `
3 受伤、烫伤、烧伤、割伤、划伤、扎伤、砸伤、摔伤、咬伤、灼伤、伤到、伤了手、骨折、流血、出血、割破、划破、烫到、烫起泡、起水泡、缝了~针、触电、电到、电击、漏电、爆炸、炸了 !炸了锅、自燃、起火、着火、冒烟、冒火、燃烧、烧起来、烧焦了、窒息、噎住、卡喉、呛到、晕倒、昏倒、昏迷、休克、抽搐、晕过去、住院、进医院、送医院、去医院、去了医院、送急诊、急诊、挂急诊、医院检查、输液、打点滴、吊水、洗胃、救护车、打120、叫120、中毒、煤气泄漏、燃气泄漏、刹车失灵、刹车失效、失控、滑倒、滑了一跤、摔倒、摔了一跤、被打了、打人、动手打、殴打、性骚扰、骚扰我、被猥亵、摸我、偷拍、被锁在、困在电梯、被困、过敏性休克、全身过敏、过敏了、严重过敏、起疹子、起红疹、浑身起、全身起、烂脸、毁容、脸肿、嘴肿、肿了、呼吸困难、喘不过气、胸闷、心慌、流产、早产、死亡、去世、人命、出人命、要命了、命都、闹出人命、差点没命、差点死、电池鼓包、鼓包
3 拉肚子、腹泻、闹肚子、上吐下泻、呕吐、吐了~次、一直吐、吐个不停、肚子疼、肚子痛、胃疼、胃痛、肠胃炎、食物中毒、发烧、头晕、恶心想吐、恶心呕吐、身体不适、身体不舒服、不舒服~吃、吃~不舒服、吃完~吐、吃了~吐、喝完~吐、喝了~吐、吃坏
3 injured、injury、burned my、burnt my、burned myself、bleeding、hospital、ambulance、electric shock、caught fire、exploded、explosion、smoke coming、choked、allergic reaction、food poisoning、threw up、vomiting、diarrhea、diarrhoea、stomach ache、got sick、felt sick、unconscious、broken tooth、gas leak、assaulted、harassed`,
	hazardFood: `
3 吃出、喝出、喝到~虫、吃到~虫、有虫、有条虫、有只虫、虫子、活虫、小虫、虫卵、蛆、苍蝇、蟑螂、老鼠、鼠、蚊子 +里、蜘蛛 +里、有头发、根头发、头发丝、毛发、钢丝、铁丝、钢丝球、玻璃渣、玻璃片、碎玻璃、玻璃碎、塑料片、塑料袋 +吃、金属、铁片、铁屑、石子、石头 +吃、创可贴、指甲 +里、烟头、异物、刀片、针头、订书钉、创口贴、牙签 +里面、发霉、霉变、长毛、变质、馊了、馊味、酸臭、过期、臭了、坏肉、不熟、没熟、夹生、生的 +肉、生的 +鸡、清洁剂、洗洁精、消毒水味、农药、隔夜、地沟油
3 bug in、bugs in、insect、cockroach、hair in、worm、fly in、glass in、plastic in、metal in、moldy、mouldy、expired、rotten、undercooked、raw chicken`,
	hazardSelfharm: `
3 不想活、不想再活、活不下去、活着没意思、活着没意义、活着没有意义、活着好累、活着真累、想自杀、要自杀、自杀、自残、割腕、跳楼、跳河、跳桥、轻生、寻短见、结束生命、结束自己、了结自己、安眠药~吃、吞药、遗书、想死 !想死你 !笑 !馋 !可爱、去死算了、死了算了、死了一了百了、一死了之、死给你们看、死在你们、想不开、解脱了、离开这个世界、不想存在、没有活下去、烧炭、上吊、kill myself、suicide、suicidal、end my life、want to die、don't want to live、self harm、hurt myself`,
	hazardLegal: `
3 12315、12345、12348、律师、律师函、起诉、法院、告你们、告上法庭、去告、我要告、打官司、诉讼、仲裁委、消协、消费者协会、工商局、工商投诉、市监局、市场监管、市场监督、监管局、食药监、药监局、卫健委、质监局、物价局、消保委、银保监、证监会、工信部、邮政管理局、派出所、报警、报了警、警察、公安、立案、走法律、法律途径、法律程序、法律手段、法律武器、追究法律、法律责任、依法维权、食品安全法、消费者权益保护法、消法、退一赔三、退一赔十、假一赔十、十倍赔偿、三倍赔偿、传票、集体维权、黑猫投诉、投诉到~局、sue you、sue、lawyer、attorney、lawsuit、legal action、court、police`,
	hazardMedia: `
3 曝光、爆光、媒体、记者、电视台、上新闻、上热搜、发抖音、发到抖音、发微博、发到微博、发小红书、发到小红书、发网上、发到网上、挂网上、挂到网上、挂出来、挂你们、全网曝、让全网、让网友、让大家看看、发朋友圈曝、315晚会、3.15、焦点访谈、直播曝、拍视频发、录了视频、发视频、上网曝、大v、reporter、journalist、the press、news station、go viral、post this on、expose you、tiktok`,
	hazardMinor: `
2 孩子、小孩、小朋友、宝宝、婴儿、幼儿、儿子、女儿、闺女、未成年、小学生、初中生、幼儿园、两岁、三岁、四岁、五岁、六岁、七岁、八岁、九岁、十岁、十一岁、十二岁、十三岁、孕妇、怀孕、my son、my daughter、my kid、my child、my baby、toddler、infant`,
	hazardChurn: `
2 注销、销户、退会员、退会、退卡、取消会员、取消订阅、取消续费、不续费、不再续、不续了、解约、终止合作、终止合同、换供应商、换一家、换别家、换个平台、换平台、转投、去别家、卸载、删了app、删app、拉黑你们、老顾客~不、老客户~不、多年~不会再、年的老~不、最后一次~你们、再也不用你们、流失、cancel my subscription、cancel my account、delete my account、close my account、switching to、switch to another、uninstall`,
	hazardDeadline: `
2 今天必须、今晚必须、明天必须、今天之前、今晚之前、明天之前、今天就要、今晚就要、明天就要、今天要用、今晚要用、明天要用、后天要用、马上要用、急用、着急用、等着用、急需、急等、急死、很急、非常急、特别急、十万火急、来不及、赶时间、赶飞机、赶火车、赶高铁、明天的飞机、今晚的飞机、明天结婚、明天婚礼、婚礼要用、明天考试、明天开会、明天出差、生日要用、明天生日、最后期限、截止、最后一天、马上过期、马上到期、小时内、立刻马上、马上处理、立即处理、立刻处理、加急、urgent、asap、as soon as possible、right now、by tomorrow、by tonight、deadline、emergency`,
}

// hazardHarmless are idioms and neighbours in whose letters a hazard seems to
// be. What lies inside them does not count.
const hazardHarmless = `
笑死我了 笑死 笑到肚子疼 笑得肚子疼 笑得肚子痛 笑吐了 气死我了 气死 气死人 气吐血 气得吐血 热死 冷死 饿死 累死 困死 渴死 馋死 撑死 急死了 烦死 美死 爱死 香死 想死你 想死你们 可爱死 甜死 咸死 辣死 丑死 吓死 羡慕死 贵死 慢死 懒死 难吃死 难喝死 无聊死 尴尬死 忙死 堵死 排队排死 卡死 锁死 死机 死板 死心 该死 死活 死角 死党 半死 死贵 死慢 死难吃 死咸 死甜 至死不渝 怕死 找死 好吃到哭 好吃到爆炸 好吃爆炸 好看到爆炸 爆炸好吃 爆炸好 信息爆炸 好喝到爆炸 颜值爆炸 爆炸输出 爆炸头 辣到爆炸 爆款 爆浆 爆珠 爆满 爆单 心态炸了 心态爆炸 炸了锅 炸鸡 炸串 流血大甩卖 大出血 出血价 跳楼价 跳楼大甩卖 跳楼机 自燃冰 点燃 可燃冰 惹火 火锅 着火了一样 辣到冒烟 辣得冒烟 嗓子冒烟 气到冒烟 气得冒烟 辣到喷火 火爆 中毒太深 有毒 有毒吧 上头 上瘾 戒不掉 馋到流口水 被种草 中暑 晕车 晕倒 我晕倒 真是晕倒 笑晕 甜到晕 香到晕倒 打人不打脸 打人气 打人工 雷倒 撞衫 暴击 心动到窒息 美到窒息 窒息的操作 令人窒息 窒息操作 感动到流泪 恶心人 恶心到我 烫头 烫发 烫嘴 热烫 电视 电话 电到货 送急件 急诊室的故事 医院附近 医院店 医院旁边 医院对面 医院门口 去医院看 去医院探望 去医院的路 住院部 住院的朋友 住院押金 医院食堂 给医院 律师朋友 我是律师 律师楼 法院路 法院站 法院旁 报警器 烟雾报警 假报警 报警声 警察局旁 消防报警 老鼠药 米老鼠 鼠标 仓鼠 松鼠 袋鼠 鼠年 鼠尾草 虫草 虫草花 毛毛虫 毛毛虫面包 昆虫 害虫防治 驱虫 杀虫 防虫 除虫 虫洞 苍蝇馆子 苍蝇小馆 苍蝇腿 蚊子腿 蟑螂药 蟑螂屋 蟑螂胶饵 金属质感 金属感 金属漆 金属色 金属材质 全金属 金属机身 金属外壳 金属边框 金属拉丝 贵金属 重金属 重金属音乐 洗洁精瓶 发霉的心情 过期的券 优惠券过期 券过期 券都过期 券要过期 会员过期 积分过期 快过期的券 过期作废 链接过期 验证码过期 二维码过期 已过期的优惠 过期的优惠 红包过期 活动过期 登录过期 过期了的优惠 积分要过期 积分快过期 卡过期 套餐过期 没过期 未过期 不过期 会不会过期 快递单过期 质保过期 保修过期 发烧友 发烧级 高烧不退的热度 头晕眼花的促销 过敏原 过敏体质 敏感肌 防过敏 抗过敏 低敏 不过敏 没过敏 没有过敏 会过敏吗 会不会过敏 不会过敏 过敏吗 宝宝们 宝宝霜 孩子气 熊孩子 心肝宝宝 狗儿子 毛孩子 充电宝宝 自杀式 记者节 媒体广告 新媒体 自媒体 多媒体 流媒体 媒体合作 媒体播放 新媒体运营 曝光度 曝光率 曝光量 相机曝光 过度曝光 曝光不足 曝光过度 曝光补偿 长曝光 律师事务所附近 截止时间 截止到几点 活动截止 报名截止 什么时候截止 加急费 急用钱 不急 不着急 不是很急 不太急 别急 急诊科 注销流程 怎么注销 如何注销 退卡槽 防烫伤 防漏电 防触电 防滑倒 防窒息 防爆炸 防爆 漏电保护 漏电保护器 防摔 抗摔 摔不坏 不怕摔 止血贴 创可贴贴心 有没有蟑螂药 没有异物 无异物 没异物 没有虫 没虫 没有头发 不会爆炸 会不会爆炸 会爆炸吗 会漏电吗 会不会漏电 没有漏电 不漏电 不会漏电 不会起火 石头记 石头人 石头纸 石头剪刀布 孩子很喜欢 孩子喜欢 孩子爱吃 宝宝很喜欢 宝宝喜欢 宝宝爱吃 女儿很喜欢 女儿喜欢 儿子很喜欢 儿子喜欢 生的孩子 烧焦糖 金属的 小孩子的 三天三夜
`
