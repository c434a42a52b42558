package nlp

// Intents, in the order of the lists.
const (
	intentComplaint = iota
	intentSuggestion
	intentQuestion
	intentPraise
	intentRequest
	intentChat
	intentSpam
	intentCount
)

var intentNames = [intentCount]string{"complaint", "suggestion", "question", "praise", "request", "chat", "spam"}

// intentRules are words that speak for an intent. A line is a weight and words
// separated by 、; "A~B" is A and, at most 10 characters later in the same
// clause, B; conditions are as in [Topic].
var intentRules = [intentCount]string{
	intentComplaint: `
2 投诉、我要投诉、要投诉、举报、差评、给差评、一星、维权、要个说法、给个说法、给我个说法、给我一个说法、讨个说法、给个解释、给我一个解释、给我个解释、太过分、过分了、欺负人、什么态度、什么服务、什么玩意、什么垃圾、搞什么、怎么回事 !请问、你们就是这样、就这样对待、凭什么、还有没有王法、骗子、骗人、坑人、坑钱、坑爹、黑心、黑店、无良、霸王条款、霸王、不给退、不让退、拒绝退、退款~不到、退款~没到、踢皮球、推卸责任、推诿、糊弄、忽悠、敷衍
2 怎么还没、怎么还不、怎么一直、为什么还没、为什么还不、为什么一直、为啥还没、为啥不、到现在还没、到现在都没、到现在也没、迟迟不、迟迟没、一直没人、一直不、没人管、没人理、没人处理、没人回、无人处理、还没解决、没有解决、没解决、还没处理、没处理、等了~还、等了~才、都~天了、都~小时了、还要等多久、要等到什么时候、第几次了、又~坏了、又来了、又是这样、每次都、多少次了
2 收到~坏、收到~破、收到~烂、少了、少发、漏发、发错、送错、缺了、多扣、乱扣、重复扣、盗刷、扣了我、多收、乱收费、用了~就坏、没几天就、才~就坏、才~就、刚买~就、有虫、有头发、吃出、喝出、过期了、发霉、变质、馊了、不能用、用不了、打不开、登不上、闪退、卡死、报错、没反应、没到账、没收到、未收到、丢了、不见了、洒了、坏了、碎了、裂了、漏了
1 失望、太差、很差、差劲、垃圾、恶心、难吃、难喝、难用、后悔、生气、气死、无语、心寒、不满意、不满、不行、再也不、不会再、避雷、踩雷、别买、别来、糟糕、烂、骂人、态度差、态度不好、不耐烦、爱答不理、不合理、不合格、有问题、是坏的、太慢、太贵、太久、太脏、呵呵、服了、醉了
2 complain、complaint、unacceptable、terrible、horrible、worst、awful、disappointed、still waiting、never arrived、broken、rude、scam、ripped off、wrong item、missing item、overcharged、not working、doesn't work、keeps crashing`,
	intentSuggestion: `
3 建议、提个建议、提个意见、小建议、提议、有个想法、有个提议、反馈个建议、强烈建议
2 希望~能、希望~可以、希望~多、希望~出、希望~加、希望~增加、希望~改、希望~推出、希望~改进、希望~改善、希望~开、希望~优化、希望~别、希望~不要、希望有、要是能、要是有、要是可以、如果能、如果可以、如果有、能不能出、能不能加、能不能增加、能不能多、能不能搞、能不能开个、能不能做、能不能改成、可不可以出、可不可以加、可以考虑、考虑一下、不如、最好能、最好有、最好加、最好是、应该加、应该有、应该设、应该出、可以加个、可以增加、可以改进、可以优化、可以出、可以多、可以再、如果~就好了、要是~就好了、能~就好了、~就更好了、会更好、更完美、更方便了、增加一个、加个功能、加一个、加个、改进一下、改进空间、优化一下、完善一下、多开几家、多搞、多出、多点、多一些
1 希望、期待、盼望、改成、换成、改为、调整一下、推出、出个、出一款
2 suggest、suggestion、would be nice、would be great、would be better、wish you、please add、please consider、feature request、you should、could you add、hope you、how about adding`,
	intentQuestion: `
2 请问、想问、问一下、问下、请教、咨询、想了解、了解一下、打听、想知道、是不是、有没有、能不能、可不可以、可以~吗、能~吗、会~吗、有~吗、是~吗、要~吗、还~吗、吗?、呢?、么?、什么时候、啥时候、几点、多久、多少钱、多少、几天、几号、哪里、哪儿、在哪、哪家、哪个、哪款、怎么走、怎么用、怎么买、怎么弄、怎么办、怎么退、怎么改、怎么开、怎么领、怎么查、怎么联系、怎么申请、怎么取消、怎么使用、怎么操作、如何、咋、为什么、为啥、什么区别、有什么、是什么、什么意思、谁知道、支持~吗、包邮吗、保修多久、有货吗、还有吗、营业到、开门吗、是否、能否、可否、哪种、几个、多大、多重、多长、需要什么、要带什么
1 怎么、什么、吗、呢、么、?
2 how to、how do、how much、how long、what time、where is、where can、when will、when do、is there、are there、do you、does it、can i、could i、which、what is、what's、is it possible`,
	intentPraise: `
2 好评、五星、点赞、表扬、要表扬、感谢、多谢、谢谢你们、辛苦了、太棒了、很棒、真棒、超赞、很赞、给力、良心、完美、惊喜、满意、很满意、非常满意、喜欢、很喜欢、超喜欢、爱了、推荐、强烈推荐、值得推荐、回购、会回购、还会再来、还会来、下次还来、下次还买、会再来、继续支持、一直支持、无可挑剔、物超所值、超出预期、绝绝子、yyds、宝藏、贴心、暖心、服务很好、服务好、态度很好、态度好、态度特别好、质量很好、质量好、味道很好、味道好、味道不错、很好吃、真好吃、太好吃、超好吃、很好喝、真好喝、好喝、好吃、很好用、好用、很快、速度快、物流快、不错、挺好、真好、蛮好、很舒服、很漂亮、好看、很热情、热情、耐心、细心、专业、不愧、一如既往、没毛病、没得说
1 好、赞、棒、香、爱、👍、❤、🌹
2 great、excellent、amazing、awesome、perfect、love、loved、wonderful、fantastic、recommend、best、delicious、thank you so much、well done、good job、impressed`,
	intentRequest: `
3 帮我、帮忙、帮下、帮查、麻烦~帮、麻烦~查、麻烦~处理、麻烦~尽快、麻烦~给、麻烦~退、麻烦~改、麻烦~换、麻烦~开、麻烦~发、麻烦~催、麻烦~取消、麻烦~补、麻烦~看、请~帮、请~尽快、请~处理、请~退、请~给我、请~联系我、请~取消、请~补发、请~换、请~核实、请~安排、请~修改、请~提供、申请退、申请换、申请售后、申请开、我要退、我要换、我想退、我想换、想退货、想退款、想换货、要退货、要退款、要换货、要求退、要求赔、要求换、要求补、给我退、给我换、给我补、给我开、给我发、给我安排、给我回、退给我、退款给我、把钱退、退一下、换一下、补一下、改一下、改下地址、改地址、修改地址、换个地址、取消订单、取消一下、取消预约、开发票、开一张、开个发票、开票、补开、补发、补寄、补偿、重新发、重发、重新做、重做、催一下、催单、催下、加急、尽快发、尽快处理、尽快退、尽快给、尽快安排、尽快解决、转人工、人工客服、找人工、要人工、人工服务、联系我、回电、回个电话、打电话给我、给我回电、注销账号、注销、解绑、销户、退会员、退卡、上门、预约、预订、订个、订一个、留一个、留个、多放、少放、不要放、不放、别放、去冰、备注、送到、放门口、放前台
1 麻烦、请、能帮、可以帮、能不能帮、需要、我要、我想要、给我
3 please help、please cancel、please send、please refund、please change、refund me、i want a refund、i'd like a refund、i need、i want to return、i want to cancel、can you help、could you help、could you please、can you please、cancel my、change my、send me、resend、contact me、call me back`,
	intentChat: `
2 在吗、你好、您好、哈喽、hello、hi、hey、早上好、中午好、下午好、晚上好、早安、晚安、拜拜、再见、哈哈、嘿嘿、嘻嘻、嗯嗯、好的、收到、知道了、明白了、谢谢、ok、哦哦、测试、test、随便看看、路过、打卡、签到、沙发、前排、转发微博、圣诞快乐、新年快乐、节日快乐、中秋快乐、生日快乐、天气、你是机器人、你是谁、你叫什么、讲个笑话、无聊`,
}
