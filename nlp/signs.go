package nlp

// signs are classes of words that mean nothing urgent by themselves. The head is
// told how many words of each class a text has, so that what it learned from
// 烫到了手臂 it knows of 砸到了脚背. Words inside those of hazardHarmless do not
// count.
var signs = [...]string{
	// parts of the body
	`头上 头皮 头部 脑袋 脑门 额头 后脑 太阳穴 脸上 脸颊 半边脸 整张脸 下巴 颧骨 眉骨 眼睛 眼皮 眼角 眼珠 眼球 角膜 视网膜 睫毛 鼻子 鼻梁 鼻头 鼻孔 嘴里 嘴角 嘴唇 嘴巴 舌头 上颚 牙齿 门牙 大牙 牙龈 牙床 口腔 喉咙 嗓子 食道 气管 耳朵 耳膜 耳垂 脖子 颈椎 锁骨 肩膀 肩胛 胳膊 手臂 手肘 手上 手里 手指 手背 手心 手掌 手腕 指甲 指尖 拇指 虎口 腰 腰椎 尾椎 尾骨 脊椎 脊柱 后背 背上 胸口 胸 乳房 肋骨 肚子 肚皮 胃 肠 肝 肾 肺 脾 胰 膀胱 子宫 屁股 臀 胯 大腿 小腿 腿上 双腿 膝盖 脚上 脚背 脚底 脚踝 脚趾 脚后跟 韧带 半月板 骨头 皮肤 皮肉 肌肉 神经 血管 全身 浑身 身上 满身 下身 下体 私处 裆 my_eye my_eyes my_face my_hand my_finger my_leg my_back my_arm my_head my_tooth my_throat my_skin wrist ankle knee`,
	// what is done to a body
	`砸 撞 摔 跌 绊倒 滑倒 栽 夹 卡住 压 碾 轧 挤 刮 划 割 切 削 扎 刺 戳 捅 咬 抓伤 烫 烧伤 灼 烧 电到 电了 触电 电麻 麻 冻伤 勒 掐 绞 崩 溅 泼 浇 扭 拧 拉伤 抽 踢 踹 打伤 挨打 呛 噎 闷 淹 溺 slipped tripped fell hit_me bit_me burned cut_my crushed trapped choked choking`,
	// what comes of it
	`骨折 骨裂 断了 断成 折了 裂开 脱臼 错位 脱落 掉了一块 掉皮 脱皮 起皮 起泡 水泡 血泡 流血 出血 渗血 冒血 是血 都是血 满是血 淌血 血迹 伤口 口子 缝了 针 肿 淤血 淤青 瘀青 发紫 发青 发黑 发白 化脓 流脓 溃烂 感染 坏死 结痂 疤 留疤 毁容 失明 看不见 看不清 失聪 听不见 瘫 残疾 截肢 没知觉 没感觉 动不了 不能动 站不起来 起不来 走不了 没了 broken_arm broken_leg fracture blood bleeding stitches swollen blister burn_mark scar`,
	// what one feels who is ill
	`吐 呕 反胃 恶心 拉肚子 拉稀 腹泻 窜稀 跑厕所 脱水 肚子疼 肚子痛 腹痛 绞痛 胃疼 胃痛 疼 痛 剧痛 头晕 晕 头疼 头痛 昏 天旋地转 站不稳 发烧 高烧 低烧 发冷 发抖 寒战 冒冷汗 出虚汗 虚脱 心慌 心悸 心跳 心率 胸闷 憋气 喘 呼吸 窒息 抽搐 抽筋 痉挛 休克 过敏 红疹 疹子 风团 荨麻疹 发痒 痒 红肿 泛红 刺痛 灼热 火辣辣 黄疸 肝损伤 血压 血糖 低血糖 流产 早产 见红 尿血 便血 吐血 昏迷 昏睡 不省人事 叫不醒 口吐白沫 重影 中风 心梗 脑出血 猝死 vomit throwing_up threw_up diarrhea fever rash dizzy faint unconscious breathe seizure nauseous sick`,
	// those who look after it
	`医院 急诊 急救 抢救 救护车 icu 重症 病房 住院 手术 输液 挂水 吊瓶 点滴 洗胃 打针 破伤风 狂犬疫苗 拍片 ct 核磁 化验 诊断 确诊 病历 医生 大夫 护士 120 消防 消防员 验伤 伤情 医药费 hospital doctor ambulance emergency_room er x-ray surgery icu`,
	// people
	`我妈 我爸 妈妈 爸爸 母亲 父亲 婆婆 公公 岳母 岳父 丈母娘 老公 老婆 丈夫 妻子 太太 女朋友 男朋友 对象 我哥 我弟 我姐 我妹 表弟 表妹 堂弟 室友 同学 同事 朋友 邻居 顾客 客人 乘客 路人 工人 员工 学员 住户 一家 全家 一桌 一车 我们几个 好几个人 my_mom my_mother my_dad my_father my_wife my_husband my_friend grandma grandpa`,
	// people whom harm befalls easily
	`孩子 小孩 宝宝 婴儿 幼儿 娃 小朋友 儿子 女儿 闺女 小学生 初中生 学生 未成年 孕妇 怀孕 产妇 月子 老人 老太太 老爷子 老头 大爷 大妈 奶奶 爷爷 外婆 外公 姥姥 姥爷 残疾人 病人 哮喘 心脏病 糖尿病 癫痫 my_son my_daughter my_kid my_child my_baby toddler infant elderly pregnant`,
	// things that can hurt
	`充电 电池 锂电 充电宝 插座 插头 插排 插线板 排插 电线 电缆 电热 电暖 电毯 取暖器 暖气 热水器 壁挂炉 锅炉 燃气 煤气 天然气 液化气 气罐 瓦斯 灶 烤箱 烤炉 炸锅 油锅 高压锅 电磁炉 微波炉 空调 风扇 吊扇 吊灯 灯罩 天花板 吊顶 招牌 广告牌 玻璃 镜子 淋浴房 花洒 水龙头 开水 热汤 热油 滚油 热茶 电梯 扶梯 轿厢 升降 楼梯 台阶 地砖 地面 井盖 坡道 护栏 栏杆 阳台 窗户 货架 书架 柜子 床 椅子 凳子 梯子 脚手架 钢管 塔吊 钉子 铁皮 螺丝 刀 刀片 剪刀 针头 电锯 刹车 油门 方向盘 轮胎 安全带 气囊 变速箱 安全座椅 滑梯 蹦床 过山车 缆车 泳池 游泳 健身器 跑步机 杠铃 单车 电动车 摩托 滑板 平衡车 烟花 蜡烛 酒精 干冰 消毒水 氯 battery charger heater stove gas elevator escalator glass brake brakes stairs floor`,
	// what such things do
	`着火 起火 失火 冒火 喷火 火苗 火花 打火 冒烟 黑烟 浓烟 烧焦 烧穿 烧没 烧黑 熏黑 烧起来 自燃 爆燃 引燃 点着 爆炸 炸了 炸开 炸裂 自爆 爆开 爆了 鼓包 鼓起来 膨胀 漏电 短路 跳闸 带电 漏气 泄漏 泄露 煤气味 一氧化碳 倒烟 塌 散架 掉下来 砸下来 倒下来 飞出来 脱落 松脱 断裂 坠 下坠 失灵 失控 失效 刹不住 停不住 不减速 没锁 没扣 没固定 卡死 锁死 打不开门 倒着走 倒转 caught_fire fire smoke exploded explode leaked leaking collapsed fell_off`,
	// violence and its like
	`打人 打了 动手 揍 殴打 扇 推搡 掐 按在 堵在 堵着 围着 锁在 关在 反锁 扣着 扣下 绑 不让走 不让我走 砸门 踹门 撬 闯进 进了我房间 威胁 恐吓 弄死 报复 上门闹 蹲点 蹲守 跟踪 尾随 跟着我 骚扰 摸 蹭 搂 抱住 猥琐 猥亵 裸照 黄图 偷拍 录像 针孔 摄像头 性侵 强奸 下药 醉驾 酒驾 喝了酒 酒气 酒味 闯红灯 逆行 超速 疲劳驾驶 抢 偷 绑架 拐 体罚 虐待 打骂 关小黑屋 drunk assault grabbed touched_me touching_me followed_me threatened harassed locked_me stalking`,
	// food and drink
	`饭 面 粥 汤 菜 肉 鱼 虾 蟹 鸡 鸭 牛肉 羊肉 猪肉 海鲜 生蚝 三文鱼 刺身 寿司 沙拉 汉堡 披萨 三明治 薯条 饺子 馄饨 包子 馒头 粽子 月饼 蛋糕 面包 吐司 饼干 巧克力 冰淇淋 雪糕 果冻 糖 零食 坚果 瓜子 薯片 牛奶 酸奶 奶粉 辅食 豆浆 咖啡 奶茶 果汁 饮料 矿泉水 桶装水 茶 火锅 烧烤 麻辣烫 米线 凉皮 盒饭 便当 外卖 食堂 自助餐 罐头 火腿 香肠 豆腐 鸡蛋 水果 西瓜 rice noodle soup burger pizza salad milk bread cake chicken meat fries sandwich`,
	// what must not be in it
	`虫 蛆 蛾 苍蝇 蚊子 蟑螂 蚂蚁 蜘蛛 蜈蚣 蚯蚓 壁虎 老鼠 鼠 蜗牛 蛞蝓 头发 毛发 睫毛 指甲 创可贴 创口贴 纱布 棉签 烟头 烟灰 钢丝 铁丝 铁片 铁屑 铁钉 钉子 螺丝 螺帽 刀片 针 订书钉 回形针 别针 金属 玻璃 塑料 胶带 绳子 橡皮 手套 石子 石头 沙子 木刺 牙签 抹布 羽毛 死的 异物 不明物 黑色的 worm insect cockroach maggot hair glass plastic metal wire nail screw band-aid`,
	// and how it goes bad
	`发霉 长毛 霉 绿毛 白毛 馊 酸臭 臭 发臭 腥臭 变质 变味 坏了 坏的 过期 腐烂 烂了 发黑 发绿 发黏 黏液 拉丝 结块 生的 没熟 半生 夹生 血水 血丝 冰碴 洗洁精 消毒水味 农药 氨水 隔夜 剩菜 回收 日期 expired mold moldy rotten spoiled sour raw undercooked`,
	// in the mouth
	`吃出 吃到 吃了 吃完 吃下 喝出 喝到 喝了 喝完 喝下 咬到 咬开 嚼到 嗑出 捞出 捞到 夹起来 掰开 切开 打开 撕开 剥开 咽下 吞下 吞了 吃着 喝着 漂着 飘着 浮着 泡着 沉着 粘着 夹着 混着 爬 蠕动 found_a there's_a there_was bit_into`,
	// who enforces the law
	`律师 律所 法务 法院 法庭 法官 检察院 公证处 仲裁 派出所 公安 警察 警方 民警 刑警 经侦 网警 网安 交警 城管 市监 市场监管 监管局 监管所 工商 食药监 药监 卫健委 卫生监督 消协 消保委 消费者协会 物价局 税务 劳动局 劳动监察 社保局 教育局 住建 邮政管理 银保监 金融监管 工信部 网信办 信访 纪委 街道办 商务局 文旅局 交通局 民航局 政府热线 市长热线 12315 12345 12348 12366 12388 110 trading_standards regulator ombudsman tribunal small_claims police lawyer attorney solicitor court`,
	// and what is done there
	`起诉 上诉 诉讼 诉状 告你们 提告 打官司 开庭 传票 立案 报案 报警 备案 笔录 取证 举证 证据 证据链 公证 保全 律师函 函 委托 调解 举报 实名举报 投诉到 投诉了 受理 编号 回执 申诉 仲裁申请 查处 罚款 处罚 赔偿 索赔 三倍 十倍 退一赔 违法 犯法 侵权 违约 欺诈 诈骗 非法 涉嫌 偷税 泄露 泄密 外泄 隐私 个人信息 身份证 住址 被卖 sue legal lawsuit report_you filed claim gdpr privacy leaked`,
	// who tells the public
	`记者 媒体 报社 日报 晚报 晨报 都市报 电视台 卫视 电台 频道 栏目 节目组 编导 主持人 新闻 央视 焦点访谈 315晚会 自媒体 博主 大v up主 主播 网红 公众号 微博 抖音 快手 小红书 b站 知乎 贴吧 论坛 同城 热搜 头条 超话 朋友圈 业主群 直播 粉丝 reporter journalist newspaper news tv tiktok twitter youtube viral facebook_group reddit`,
	// and how
	`曝光 爆料 揭露 揭穿 发出去 发到 发网上 发上去 挂出来 挂网上 上热搜 上新闻 上电视 上头条 采访 报道 见报 投稿 转发 转载 播放 阅读量 剪好 剪进 录音 录像 录了 拍下来 截图 帖子 长文 网友 全网 大家看看 所有人 评评理 公之于众 丑事 嘴脸 真面目 expose post_it posted screenshots everyone_see`,
	// weary of life
	`不想活 活不下去 活着 活够 活腻 想死 去死 死了 死掉 死给 自杀 自残 轻生 寻死 跳楼 跳河 跳桥 跳下去 天台 楼顶 顶楼 窗台 护栏 江边 河边 桥上 桥边 割腕 手腕 刀片 划了 烧炭 上吊 绳子 吞药 安眠药 农药 百草枯 药 一瓶 遗书 遗嘱 遗言 后事 收尸 告别 永别 再见 对不起 解脱 了断 了结 结束 消失 离开 拖累 累赘 没意思 没意义 没希望 绝望 崩溃 撑不住 撑不下去 熬不住 抑郁 没人在乎 没人需要 没有活路 死路 走投无路 下辈子 来世 天堂 睡过去 不醒 kill_myself suicide die end_it don't_want_to_be anymore hopeless burden overdose pills goodbye`,
	// figures of speech
	`笑死 气死 饿死 热死 冷死 冻死 累死 困死 渴死 馋死 急死 烦死 羡慕死 香死 甜死 咸死 贵死 吓死 要死 死了都 死也 打死 半死 该死 找死 要命 绝了 爆炸好 到爆 到哭 到飞 升天 救命 续命 杀疯 杀我 秒杀 杀价 拔草 种草 吐槽 吐血 滴血 流血价 血亏 血赚 心碎 扎心 炸裂 封神 疯了 抓狂 疯狂 上头 中毒 毒药 暴击 灵魂 怀疑人生 生无可恋 哈哈 嘿嘿 233 哭死 哭晕 好像 一样 似的 像 dying_for dying_to killer to_die_for killing_it`,
	// against harm, not harm
	`防 抗 避免 预防 安全 急救包 灭火器 报警器 保险 保障 险 药膏 创可贴 消毒 杀虫 灭蚊 除螨 驱虫 止痛 止血 护具 头盔 说明书 教程 认证 检测 无 没有 不会 会不会 有没有 是不是 怎么 如何 请问 想问 咨询 建议 希望 如果 要是 万一 假如 假设`,
	// long past, or elsewhere
	`以前 之前 上次 上回 去年 前年 小时候 当年 从前 曾经 多年前 年前 那年 别家 别的店 隔壁 听说 看新闻 新闻说 刷到 电影里 剧里 书里 小说 游戏里 视频里 历史 后来 现在好多 多亏`,
}

// maxSign bounds how often a class counts.
const maxSign = 3

// signPairs are classes that say more together than each by itself.
var signPairs = [...][2]int{{0, 1}, {0, 2}, {5, 1}, {6, 1}, {6, 3}, {7, 8}, {10, 11}, {10, 12}, {13, 11}, {13, 3}, {14, 15}, {16, 17}}
