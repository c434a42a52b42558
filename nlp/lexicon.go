package nlp

// The word lists below are folded, separated by white space, with _ for a space
// inside a phrase, and written for the messages of customers.

// positiveWords and negativeWords carry polarity by themselves; those of strong
// lists weigh double.
const strongPositive = `
没得挑 没的挑 没的说 无可比拟 几条街 完胜 吊打同 没对手 最能打 比不了的好 业界良心 神作 封神 回味无穷 百吃不厌 顶呱呱 一级棒 安逸 巴适得板 得劲 老好了 靠谱得很 相见恨晚 五分好评 满分 太棒了 超赞 好评 五星好评 五星 强烈推荐 力荐 强多了 好多了 好太多 找不出缺点 挑不出毛病 没有缺点 没缺点 无懈可击 没话讲 不踩雷 不踩坑 没坏过 没出过问题 没出过毛病 没失望过 没有失望过 不让人失望 不会让人失望 没让我失望 没有让我失望 不后悔 真不赖 不赖 不错哦 爱了爱了 绝绝子 yyds 完美 惊喜 惊艳 无可挑剔 物超所值 超值 非常满意 很满意 十分满意 特别满意 超级好 超好 好极了 棒极了 赞不绝口 大爱 太爱了 爱死 宝藏 吹爆 超出预期 超预期 神仙 无敌 点赞 为你们点赞 给力 良心 回购 会回购 无限回购 还会再来 还会来 还会再买 下次还来 下次还买 还会光顾 必须好评
好吃到哭 好吃到爆 好吃哭了 香哭了 美哭了 好看哭了 笑死我了 美滋滋 真香 太香了 太好吃 太好喝 太好看 太好用 太贴心 太感动 感动哭 感动 暖心 贴心 excellent amazing awesome perfect love_it loved_it highly_recommend fantastic wonderful delicious great_service
`

const positiveWords = `
没压坏 没磕 没磕坏 没碎 没破 没洒 没漏 没掉漆 没变形 没串味 一点没坏 味道正 味道也正 口味正 版型正 颜色正 也正 省心 省事 省力 踏实 讲究 实在 良心价 解渴 解馋 过瘾 爽 正宗 地道 醇香 入味 嫩 酥 弹牙 通透 灵敏 贴合 显瘦 百搭 耐看 耐穿 耐磨 不晃 不闷 不累 不勒 不磨脚 不吵 不掉 不漏 不堵 不刺激 不踩 能打 搞定 秒到 秒退 秒懂 治愈 体贴 大方 爽快 痛快 客气 守时 细致 利索 麻利 也快 又快 还快 就到了 第二天就到 神速 真快 优点 亮点 挺香 难不倒 不难吃 不难喝 不难看 改进了很多 进步很大 好 不错 挺好 很好 真好 蛮好 还好 满意 喜欢 爱 赞 棒 优秀 优质 漂亮 好看 美观 精致 精美 时尚 大气 高档 好用 好吃 好喝 好闻 好听 香 甜美 新鲜 鲜美 鲜嫩 美味 可口 爽口 舒服 舒适 柔软 软糯 顺滑 流畅 清晰 清楚 干净 整洁 卫生 明亮 宽敞 安静 温馨 方便 便捷 便利 快捷 快速 迅速 及时 准时 神速 很快 挺快 蛮快 真快 好快 超快 太快 秒回 秒发 热情 耐心 细心 周到 用心 亲切 礼貌 友好 负责 认真 专业 靠谱 放心 信赖 信任 值得 值得信赖 值得推荐 推荐 划算 实惠 便宜 性价比高 值 超值 正品 耐用 结实 牢固 厚实 高效 强大 稳定 齐全 丰富 实用 合适 合身 正合适 刚好 开心 高兴 愉快 快乐 幸福 惊喜 感谢 谢谢 多谢 辛苦了 点赞 支持 期待 进步 改进了 改善了 解决了 圆满 顺利 如期 完好 没毛病 没得说 没话说 没问题 没有问题 没有任何问题 没有异味 没异味 无异味 没有色差 没色差 无色差 不褪色 不掉色 不起球 不变形 不卡 不贵 不腻 不油腻 不失望 不后悔 不亏 不虚此行 名不虚传 名副其实 物有所值 一如既往 老顾客 回头客 再来 复购 种草 安利 入手不亏 可以的 挺可以 ok的 还可以 杠杠的 嘎嘎 巴适 到位 nice good great like love happy satisfied thanks thank_you helpful friendly fast_delivery tasty fresh clean recommend not_bad 👍 ❤ 😍 🥰 😘 😋 🌹 💐 🎉 💯 [赞] [爱你] [鼓掌] [心] [太开心] [good] [给力] [鲜花] [可爱] [亲亲] [哇]
`

const strongNegative = `
毁了 开心就好 高兴就好 你们高兴 劝退 气出 造孽 离谱 黄花菜都凉 花儿都谢 摆烂 形同虚设 摆设 白瞎 糟蹋 乌烟瘴气 大无语 栓q 大冤种 冤大头 破防 店大欺人 阴阳怪气 拉胯 拉垮 翻车 跑路 卷款 查无此人 石沉大海 差评 一星 一星差评 踩坑 踩雷了 差远了 差多了 越来越差 大不如前 不如以前 不敢恭维 一无是处 发齁 齁 让我排 让我等 让我体验 让我跑 可真会 真行啊 也就那样了 就这水平 又双叒叕 又出错 不值得 白跑 没法吃 没法用 没法看 没法穿 not_worth 垃圾 太垃圾 辣鸡 恶心 恶心死 太恶心 难吃死 难吃 难喝 骗子 骗人 骗钱 欺骗 欺诈 诈骗 黑心 黑店 无良 坑爹 坑人 坑货 坑死 太坑 太差 太差劲 差劲 极差 很差 巨差 真差 差到 太烂 烂透 稀烂 摆烂 破玩意 什么玩意 什么破 什么东西 千万别买 千万别来 千万不要 别买 别来 避雷 踩雷 大家别 再也不 不会再 不会再来 不会再买 以后不会 拉黑 气死 气死我 气死人 气炸 气愤 愤怒 忍无可忍 无语死 无耻 不要脸 缺德 丧良心 良心被狗吃 糊弄 忽悠 敷衍 踢皮球 店大欺客 霸王条款 维权 投诉 举报 曝光 退钱 假货 次品 残次 翻新 劣质 质量差 质量太差 服务差 服务太差 态度差 态度恶劣 恶劣 态度极差 态度太差 崩溃 失望 太失望 大失所望 失望透顶 后悔 后悔死 上当 受骗 被骗 被坑 智商税 割韭菜 糟糕 糟透 一塌糊涂 不堪 苍蝇 蟑螂 虫子 过期 变质 发霉 馊 拉肚子 食物中毒 terrible horrible awful disgusting worst scam never_again rubbish garbage useless unacceptable disappointed disappointing pathetic ridiculous rude waste_of_money
`

const negativeWords = `
霉味 怪味 一股味 馊味 下不去手 崩了 又崩 宕机 掉线 断线 转圈 一直转 一直加载 loading不 迟钝 卡死 卡住 拖沓 磨蹭 敷衍了事 爱搭不理 爱理不理 不搭理 不吭声 装死 装傻 甩脸 甩脸子 翻脸 拉着脸 臭着脸 嫌弃 嘲讽 推三阻四 绕弯 缩水 减量 变小 变少 变味 变质 走样 串味 夹生 糊了 焦了 坨了 柴 塞牙 发苦 发涩 发酸 寡淡 掺水 兑水 短斤 少称 宰客 宰人 坐地起价 漫天要价 乱加价 不透明 隐形消费 捆绑 强制 诱导 套牢 扣着不 拖着不 赖着 不认账 不作为 不靠谱 不准时 不守时 不兑现 不对板 不耐用 不经用 不经穿 不灵 不制冷 不热 不出水 不走心 瞎搞 瞎编 胡说 胡扯 差劲透 一般般 平平 普普通通 没诚意 没素质 没礼貌 没规矩 没章法 没下文 没动静 没着落 没影 没用处 没味 没劲 缺点 不足之处 出错 不如 没什么用 拖了 甩锅 推来推去 瞎 乱 气味 差 烂 坏 坏了 坏的 坏掉 破 破损 烂了 碎了 裂了 断了 漏了 洒了 撒了 掉了 丢了 错了 慢 太慢 很慢 好慢 真慢 慢死 龟速 贵 太贵 好贵 偏贵 不值 不划算 不好 不太好 不咋地 不怎么样 不咋样 不行 不满 不满意 不舒服 不方便 不新鲜 不干净 不卫生 不专业 不负责 不耐烦 不理 不理人 不回 不回复 不好吃 不好喝 不好用 不好看 不喜欢 不推荐 不建议购买 不建议买 不靠谱 不合理 不合适 不合格 不符 不一致 不熟 不热 不脆 不值得 不给退 不给 不让 不接 不发货 不送 不能用 用不了 打不开 登不上 连不上 点不了 不见了 没人 没人管 没人理 没人接 没人回 没回 没反应 没用 没收到 没到 没到账 没解决 没法 没给 没发 没送 没有人 未收到 未到账 还没 还不 迟迟 一直没 一直不 等了 等半天 半天 久 太久 好久 很久 超时 延误 拖延 拖了 推脱 推诿 迟到 晚到 缺货 少发 漏发 错发 发错 送错 少了 缺 问题 毛病 故障 瑕疵 缺陷 缺点 不足 遗憾 可惜 麻烦 复杂 繁琐 难用 难看 难闻 难受 难过 痛苦 生气 气人 火大 无语 郁闷 烦 烦死 烦人 讨厌 厌恶 心寒 寒心 心塞 糟心 闹心 委屈 无奈 尴尬 鸡肋 将就 凑合 勉强 粗糙 廉价感 单薄 褪色 掉色 色差 起球 缩水 变形 开裂 开线 脱线 线头 划痕 掉漆 生锈 异味 臭 臭味 刺鼻 腥 油腻 太咸 太甜 太淡 太辣 太油 太硬 太吵 太脏 脏 脏乱 吵 吵闹 嘈杂 拥挤 闷热 卡 卡顿 太卡 很卡 卡死 闪退 死机 黑屏 白屏 报错 bug 失灵 发热严重 发烫 噪音 噪音大 漏水 漏电 冷漠 冷淡 傲慢 凶 骂人 骂我 吼 怼 白眼 臭脸 乱收费 多收 多扣 乱扣 盗刷 扣款 偷工减料 缺斤少两 虚假 夸大 误导 套路 割 亏 亏了 浪费 白花 白买 鄙视 呵呵 醉了 服了 也是醉了 真是服了 救命 ?? 凭什么 什么意思 什么态度 怎么回事 搞什么 有病 脑残 傻逼 傻x sb 妈的 他妈 tmd cnm 滚 去死 草泥马 卧槽 我靠 尼玛 skip bad poor slow late broken damaged missing wrong cold dirty expensive overpriced complain complaint refund issue problem annoying angry upset hate not_good not_happy not_satisfied don't_like never_arrived not_working doesn't_work 👎 😡 😠 🤬 😤 😭 😢 💔 🤮 💩 🙄 😒 [怒] [衰] [泪] [弱] [鄙视] [吐] [抓狂] [失望] [怒骂] [黑线] [伤心] [生病] [悲伤] [白眼] [哼]
`

// neutralWords hold letters of the lists above without their meaning: what lies
// inside them does not count.
const neutralWords = `
没见过这么 没遇到过这么 没遇见过这么 没碰到过这么 没碰见过这么 没吃过这么 没喝过这么 没用过这么 没住过这么 没坐过这么 没看过这么 没有这么 爽约 清爽度 痛快递 嫩肤 酥油 大方向 客气话 摆设位置 强制启动 不到 不止 不仅 不但 不只 不久 不料 不小心 不得不 不管 不论 不光 不免 不由 不断 不禁 没几天 没多久 没两天 没过 无论 无线 无糖 无人 非要 别的 别人 别家 分别 区别 别墅 级别 类别 性别 未来 未必 不锈钢 不倒翁 没收 但愿 但凡 
好像 好多 好几 好久 最好 好的 好吧 好好 好歹 好奇 正好 只好 还好意思 不好意思 爱好 好友 友好度 好处 你好 您好 大家好 好不好 好了吗 好了没 什么时候好 就好了 才好 都好 好在 好让 好评返现 刷好评 好家伙 好说 问好 幸好 恰好 喜好
差不多 差一点 差点 相差 差别 出差 差异 时差 邮差 差价 补差 差额 差评师 破费 破例 打破 突破 问题吗 请问 有问题问 问题是 没问题吗 学问 烂漫 灿烂 慢慢 快慢 且慢 慢用 慢走 贵姓 贵公司 贵店 贵司 贵州 珍贵 名贵 贵宾 宝贵 高贵 贵重 坏人 破坏 损坏 卡片 卡号 银行卡 会员卡 打卡 办卡 充卡 卡券 储值卡 礼品卡 房卡 卡里 刷卡 卡布奇诺 卡通 卡路里 皮卡 奥斯卡 值班 值日 充值 储值 价值 数值 增值 颜值 值机 推荐码 推荐人 爱心 爱情 爱人 恋爱 可爱 亲爱的 爱奇艺 香港 香蕉 香菜 香草 香水 香烟 香精 赞助 不缺 缺不缺 不亏 滚烫 滚轮 滚动 臭豆腐 吵架 香辣 生气勃勃 没用过 没人工 感谢信 凶手 解决了吗 解决了没 满意度 不满足 喜欢吗 满意吗 新鲜吗 好吃吗 好喝吗 好用吗 好看吗 贵吗 便宜吗 快吗 慢吗 没有问题吗 没收到验证码 有没有 没有用过 没有什么 没什么 火大吗 便宜点 便宜一点 能便宜 快递 快点 快一点 赶快 快要 尽快 快乐水 快手 不得了 了不得 开心果 舒肤佳 舒适度 气温 天气 脏器 心脏 肾脏
`

// negations turn what follows them close by.
const negations = `不 没 找不出 挑不出 找不到 看不出 想不到哪里 不会让人 没让 没有让 没见过比 没有 未 无 别 莫 勿 非 并非 并不 不是 不会 不是很 不是特别 不太 不够 不怎么 毫无 毫不 从不 从没 从来不 从未 谈不上 算不上 称不上 说不上 没那么 没有那么 没什么 没有什么 没有任何 没任何 没啥 不算 不能 无法 很难 难以 绝不 决不 缺乏 缺少 not no never don't doesn't didn't isn't wasn't won't can't cannot hardly without`

// degrees strengthen, and dampers weaken, what follows them close by.
const degrees = `很 非常 特别 十分 太 超 超级 极其 极 极度 相当 真 真的 真是 好 贼 巨 巨无霸 老 挺 蛮 完全 简直 实在 尤其 格外 异常 最 万分 死 爆 very so really extremely totally super too absolutely`

const dampers = `有点 有点儿 有些 稍微 稍 略 略微 一点 一点点 些许 还算 还 比较 较 基本 基本上 大体 大致 一般 a_bit slightly somewhat kind_of`

// contrasts begin what a sentence is really about; concessions begin what it
// only admits.
const contrasts = `但 但是 不过 可是 可 然而 就是 只是 却 偏偏 反而 谁知 谁知道 没想到 结果 除了 唯一 but however though although except yet`

const concessions = `虽然 虽说 尽管 固然 即使 哪怕 虽`

// hypotheticals make of a quality a wish, a condition or a question.
const hypotheticals = `如果 要是 假如 若 希望 建议 能不能 可不可以 可否 能否 是否 是不是 有没有 会不会 怎么样才 要是能 最好能 最好 应该 请问 想问 问一下 咨询 吗 什么时候 哪里 多少 怎么 if could would should hope wish whether`

// commonWords are no keywords.
const commonWords = `
的 了 是 我 你 他 她 它 我们 你们 他们 咱们 大家 自己 这 那 这个 那个 这些 那些 这样 那样 这么 那么 这里 那里 这边 那边 这儿 那儿 什么 怎么 怎么样 为什么 为啥 咋 谁 哪 哪里 哪个 多少 几 在 有 没有 没 不 也 都 就 还 又 再 才 只 很 太 真 更 最 非常 特别 比较 有点 有点儿 已经 一直 还是 还有 但是 但 不过 可是 因为 所以 如果 虽然 而且 然后 或者 以及 和 与 及 跟 对 对于 关于 把 被 让 给 从 到 向 往 于 以 为 为了 而 且 并 则 其 之 所 者 吗 呢 吧 啊 呀 哦 嗯 哈 哈哈 哎 唉 啦 嘛 哇 么 个 一个 一下 一点 一些 一次 一种 第一 第二 上 下 里 中 内 外 前 后 时候 时间 现在 今天 昨天 明天 刚才 刚刚 之前 之后 以后 以前 后来 最后 可以 能 能够 会 要 想 应该 需要 可能 觉得 感觉 认为 知道 看到 说 看 来 去 做 弄 搞 用 买 等 等等 得 地 着 过 起来 出来 下来 上来 过来 过去 东西 事情 问题 情况 样子 方面 真的 确实 其实 居然 竟然 简直 根本 完全 好像 似乎 大概 左右 请 请问 麻烦 谢谢 你好 您 您好 不是 就是 只是 不会 不能 不要 不用 不知道 没什么 还没 还没有 这种 那种 每次 有人 没人 别人 人 家 店 天 年 月 日 号 次 块 元 钱 两 三 四 五 六 七 八 九 十 the a an and or but is are was were be been it its this that these those i you he she we they my your me of to in on at for with from as by so very not no do does did have has had will would can could should just if there here what when where how why please
`
