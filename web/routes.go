package web

import "net/http"

// Access says who may use a route.
type Access string

// The kinds of access.
const (
	// Anyone: nothing there is anybody's.
	Anyone Access = "anyone"
	// Visitors: a customer's own conversation, by the token of their browser.
	Visitors Access = "visitor"
	// Colleagues: whoever is signed in, of any role. What a command may do is
	// the desk's to say.
	Colleagues Access = "colleague"
	// Platforms: who signs as the channel's configuration says.
	Platforms Access = "platform"
)

// Route is one route of the site.
type Route struct {
	Pattern string // as http.ServeMux takes it
	Access  Access
	Does    string
}

// route is a Route with what serves it.
type route struct {
	Route
	handler http.HandlerFunc
}

// Routes returns every route, for documentation and tests.
func Routes() []Route {
	var list []Route
	for _, r := range (&Server{}).table() {
		list = append(list, r.Route)
	}
	return list
}

// table is the whole map of the site. A route that is not here does not exist.
func (s *Server) table() []route {
	add := func(pattern string, access Access, does string, h http.HandlerFunc) route {
		return route{Route{pattern, access, does}, h}
	}
	return []route{
		add("GET /static/{sum}/{name}", Anyone, "styles and scripts of the pages", s.static),
		add("GET /favicon.ico", Anyone, "the icon", s.favicon),
		add("GET /healthz", Anyone, "says that the process lives", s.healthz),
		add("GET /readyz", Anyone, "says whether messages can be taken", s.readyz),

		add("GET /c", Anyone, "the first chat page; gives a browser its token", s.chatPage),
		add("GET /c/embed.js", Anyone, "puts a chat page into another site", s.embedScript),
		add("GET /c/{bot}", Anyone, "a chat page; gives a browser its token", s.chatPage),
		add("POST /c/{bot}/hello", Anyone, "gives a token where cookies are blocked", s.chatHello),
		add("GET /c/{bot}/messages", Visitors, "the visitor's conversation", s.chatMessages),
		add("POST /c/{bot}/send", Visitors, "a message of the visitor", s.chatSend),
		add("POST /c/{bot}/press", Visitors, "a button of the visitor", s.chatPress),
		add("GET /c/{bot}/live", Visitors, "tells when to look again", s.chatLive),
		add("GET /c/{bot}/files/{id}", Visitors, "a file the visitor sent", s.chatFile),
		add("GET /c/{bot}/sent/{id}/{n}", Visitors, "a file the visitor was sent", s.chatSentFile),

		add("GET /{$}", Colleagues, "the lists of the board", s.signedIn(s.listPage)),
		add("GET /i/{number}", Colleagues, "an item", s.signedIn(s.itemPage)),
		add("GET /live", Colleagues, "tells when to look again", s.signedIn(s.boardLive)),
		add("POST /do", Colleagues, "a command, button or form: the desk decides by role and item", s.signedIn(s.act)),
		add("GET /files/{id}", Colleagues, "a file a customer sent", s.signedIn(s.boardFile)),
		add("GET /sent/{id}/{n}", Colleagues, "a file a customer was sent", s.signedIn(s.boardSentFile)),

		add("GET /account", Colleagues, "how one signs in oneself", s.signedIn(s.accountPage)),
		add("POST /account", Colleagues, "changes one's own password and one-time passwords, soon after signing in; ends one's sessions", s.signedIn(s.account)),

		add("GET /signin", Anyone, "where to sign in", s.signInPage),
		add("POST /signin", Anyone, "signs in", s.signIn),
		add("GET /s/{code}", Anyone, "the button of a one-time link; using it up takes a press", s.linkPage),
		add("POST /signout", Anyone, "ends the browser's own session", s.signOut),

		add("/in/{name}", Platforms, "what a platform or webhook posts", s.inbound),
		add("/in/{name}/{rest...}", Platforms, "what a platform or webhook posts", s.inbound),
		add("/", Anyone, "says that there is no such page", s.notFound),
	}
}

// routes builds the handler of the whole site.
func (s *Server) routes() http.Handler {
	// What platforms post is authenticated by them and their handlers: browsers'
	// origins and cookies mean nothing there.
	pages, outer := http.NewServeMux(), http.NewServeMux()
	for _, r := range s.table() {
		if r.Access == Platforms {
			outer.HandleFunc(r.Pattern, r.handler)
		} else {
			pages.HandleFunc(r.Pattern, r.handler)
		}
	}
	outer.Handle("/", s.sameSite(pages))
	return s.headers(s.recovered(outer))
}
