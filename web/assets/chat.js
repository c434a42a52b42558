// The customers' page. ES2017, no modules: it runs in chat apps' own browsers,
// too. What people wrote only ever becomes text nodes.
(function () {
  'use strict';

  var cfg = JSON.parse(document.getElementById('config').textContent);
  var T = cfg.texts;
  var POLL_FAST = 4000, POLL_SLOW = 30000, SEND_TIMEOUT = 60000, UPLOAD_TIMEOUT = 600000;
  var KEEP_TIMEOUT = 3000;
  var MAX_RECORDING = 60000, MIN_RECORDING = 700, CANCEL_DISTANCE = 70;

  function el(id) { return document.getElementById(id); }
  var log = el('log'), scroll = el('scroll'), text = el('text'), form = el('form'), send = el('send');
  var tray = el('tray'), filesInput = el('files'), recordingInput = el('recording'), hold = el('hold'), mode = el('mode');
  var older = el('older'), below = el('below'), toastBox = el('toast'), offline = el('offline'), chips = el('chips'), viewer = el('viewer');

  function fill(s, values) {
    return s.replace(/\{(\w+)\}/g, function (all, name) { return name in values ? String(values[name]) : all; });
  }
  function make(tag, className, content) {
    var n = document.createElement(tag);
    if (className) n.className = className;
    if (content !== undefined) n.textContent = content;
    return n;
  }
  function nonce() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ('0' + b.toString(16)).slice(-2); }).join('');
  }

  // ---- what the browser keeps, where it can ----

  var memory = {};
  var box = {
    get: function (key) {
      try { var v = window.localStorage.getItem(key); if (v !== null) return v; } catch (e) { /* blocked: memory serves */ }
      return key in memory ? memory[key] : null;
    },
    set: function (key, value) {
      memory[key] = value;
      try { window.localStorage.setItem(key, value); } catch (e) { /* blocked or full: memory serves */ }
    },
    drop: function (key) {
      delete memory[key];
      try { window.localStorage.removeItem(key); } catch (e) { /* blocked */ }
    }
  };
  var UNSENT = 'huiyin:unsent:' + cfg.base, DRAFT = 'huiyin:draft:' + cfg.base, TOKEN = 'huiyin:visitor', CHOSEN = 'huiyin:chosen:' + cfg.base;

  // Files of unsent messages outlive a reload in IndexedDB; without it only
  // the words do.
  var blobs = (function () {
    var opening = null;
    function db() {
      if (opening) return opening;
      opening = new Promise(function (resolve, reject) {
        if (!window.indexedDB) { reject(new Error('none')); return; }
        var r;
        try { r = window.indexedDB.open('huiyin', 1); } catch (e) { reject(e); return; }
        r.onupgradeneeded = function () { r.result.createObjectStore('unsent'); };
        r.onsuccess = function () { resolve(r.result); };
        r.onerror = function () { reject(r.error); };
        r.onblocked = function () { reject(new Error('blocked')); };
      });
      return opening;
    }
    function run(kind, work) {
      return db().then(function (d) {
        return new Promise(function (resolve, reject) {
          var r = work(d.transaction('unsent', kind).objectStore('unsent'));
          r.onsuccess = function () { resolve(r.result); };
          r.onerror = function () { reject(r.error); };
        });
      });
    }
    return {
      put: function (key, files) {
        return run('readwrite', function (s) {
          return s.put(files.map(function (f) { return { blob: f.blob, name: f.name, type: f.type }; }), key);
        }).catch(function () { return null; });
      },
      get: function (key) { return run('readonly', function (s) { return s.get(key); }).catch(function () { return null; }); },
      drop: function (key) { return run('readwrite', function (s) { return s.delete(key); }).catch(function () { return null; }); }
    };
  })();

  // ---- asking the server ----

  var token = cfg.embed ? box.get(TOKEN) : null;

  function headers(more) {
    var h = { 'X-Huiyin': '1', 'Accept': 'application/json' };
    if (token) h['X-Huiyin-Visitor'] = token;
    for (var k in more || {}) h[k] = more[k];
    return h;
  }
  function request(method, path, body, timeout, onprogress) {
    return new Promise(function (resolve) {
      var x = new XMLHttpRequest();
      x.open(method, cfg.base + path);
      var h = headers(typeof body === 'string' ? { 'Content-Type': 'application/json' } : {});
      for (var k in h) x.setRequestHeader(k, h[k]);
      x.timeout = timeout || 20000;
      if (onprogress && x.upload) x.upload.onprogress = onprogress;
      x.onload = function () {
        var data = {};
        try { data = JSON.parse(x.responseText); } catch (e) { /* not ours: the status says enough */ }
        resolve({ status: x.status, data: data || {}, wait: Number(x.getResponseHeader('Retry-After')) || 0 });
      };
      x.onerror = x.ontimeout = x.onabort = function () { resolve({ status: 0, data: {}, wait: 0 }); };
      x.send(body || null);
    });
  }
  function identify() {
    if (!cfg.embed || token) return Promise.resolve(true);
    return request('POST', '/hello', '{}').then(function (r) {
      if (r.status !== 200 || !r.data.token) return false;
      token = r.data.token;
      box.set(TOKEN, token);
      return true;
    });
  }

  // ---- what is shown ----

  var said = [];        // from the server, in order
  var unsent = [];      // ours, not yet taken
  var passing = [];     // answers that are not kept anywhere
  var more = false;
  var lowest = 0;       // the oldest id shown
  var chosen = {};
  var shown = {};       // key -> {sig, nodes}
  var first = true;
  var unread = 0;
  var away = false;     // inside another site: folded away
  try { chosen = JSON.parse(box.get(CHOSEN)) || {}; } catch (e) { chosen = {}; }

  var zone = {};
  try { new Intl.DateTimeFormat(cfg.lang, { timeZone: cfg.zone }); zone = { timeZone: cfg.zone }; } catch (e) { zone = {}; }
  function format(at, options) {
    var o = {};
    for (var k in options) o[k] = options[k];
    for (var z in zone) o[z] = zone[z];
    try { return new Date(at).toLocaleString(cfg.lang, o); } catch (e) { return new Date(at).toLocaleString(); }
  }
  function clock(at) { return format(at, { hour: '2-digit', minute: '2-digit', hour12: false }); }
  function dayOf(at) { return format(at, { year: 'numeric', month: 'numeric', day: 'numeric' }); }
  function dayText(at) {
    if (dayOf(at) === dayOf(Date.now())) return T.today;
    if (dayOf(at) === dayOf(Date.now() - 86400000)) return T.yesterday;
    if (format(at, { year: 'numeric' }) !== format(Date.now(), { year: 'numeric' })) return format(at, { year: 'numeric', month: 'long', day: 'numeric' });
    return format(at, { month: 'long', day: 'numeric', weekday: 'short' });
  }

  // Words of staff with their addresses made into links; only http and https,
  // and shown as what they are.
  function linked(p, words) {
    var re = /https?:\/\/[^\s<>"'「」（）()，。；、！？]+/g, at = 0, m;
    while ((m = re.exec(words)) !== null) {
      var url = null;
      try { url = new URL(m[0]); } catch (e) { url = null; }
      if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username || url.password) continue;
      p.appendChild(document.createTextNode(words.slice(at, m.index)));
      var a = make('a', '', m[0]);
      a.href = url.href;
      a.target = '_blank';
      a.rel = 'noopener noreferrer nofollow';
      p.appendChild(a);
      at = m.index + m[0].length;
    }
    p.appendChild(document.createTextNode(words.slice(at)));
  }

  var local = {}; // address -> promise of a blob's address, for pages that authenticate by header
  function address(url) {
    if (!cfg.embed || url.indexOf('blob:') === 0) return Promise.resolve(url);
    if (!local[url]) {
      local[url] = fetch(url, { headers: headers() }).then(function (r) {
        if (!r.ok) throw new Error(String(r.status));
        return r.blob();
      }).then(function (b) { return URL.createObjectURL(b); });
      local[url].catch(function () { delete local[url]; });
    }
    return local[url];
  }

  function size(n) { return n > 1048576 ? (n / 1048576).toFixed(1) + ' MB' : Math.max(1, Math.round(n / 1024)) + ' KB'; }

  var playing = null;
  function fileNode(f) {
    var n;
    if (!f.url) {
      n = make('p', 'file', '📎 ' + (f.name || T.file));
      return n;
    }
    if (f.kind === 'image') {
      n = make('button', 'picture');
      n.type = 'button';
      n.setAttribute('aria-label', T.picture);
      var img = make('img');
      img.alt = T.picture;
      img.addEventListener('load', function () { if (near) toEnd(); });
      img.addEventListener('error', function () { n.textContent = T.gone; });
      address(f.url).then(function (u) { img.src = u; }, function () { n.textContent = T.gone; });
      n.appendChild(img);
      n.addEventListener('click', function () { view(img.src, n); });
      return n;
    }
    if (f.kind === 'audio') {
      n = make('button', 'play');
      n.type = 'button';
      n.appendChild(make('i'));
      n.appendChild(make('span'));
      n.appendChild(document.createTextNode(f.seconds ? f.seconds + '″' : T.recording));
      n.setAttribute('aria-label', T.recording + (f.seconds ? ' ' + fill(T.seconds, { n: f.seconds }) : ''));
      n.addEventListener('click', function () { play(n, f); });
      return n;
    }
    if (f.kind === 'video') {
      n = make('video');
      n.controls = true;
      n.preload = 'metadata';
      n.setAttribute('playsinline', '');
      n.setAttribute('aria-label', T.film);
      address(f.url).then(function (u) { n.src = u; }, function () { n.hidden = true; });
      return n;
    }
    n = make('a', 'file', '📎 ' + (f.name || T.file) + (f.size ? ' · ' + size(f.size) : ''));
    n.download = f.name || '';
    address(f.url).then(function (u) { n.href = u; }, function () { n.textContent = T.gone; });
    return n;
  }
  function play(button, f) {
    if (playing) {
      var same = playing.button === button;
      playing.audio.pause();
      playing.button.classList.remove('on');
      playing = null;
      if (same) return;
    }
    address(f.url).then(function (u) {
      var audio = new Audio(u);
      playing = { audio: audio, button: button };
      button.classList.add('on');
      var stop = function () { button.classList.remove('on'); if (playing && playing.audio === audio) playing = null; };
      audio.addEventListener('ended', stop);
      audio.addEventListener('error', function () { stop(); window.open(u, '_blank', 'noopener'); });
      var p = audio.play();
      if (p && p.catch) p.catch(stop);
    }, function () { toast(T.gone); });
  }
  var viewed = null;
  function view(src, from) {
    if (!src) return;
    viewer.querySelector('img').src = src;
    viewer.hidden = false;
    viewed = from;
    viewer.querySelector('button').focus();
  }
  function unview() {
    if (viewer.hidden) return;
    viewer.hidden = true;
    viewer.querySelector('img').removeAttribute('src');
    if (viewed) viewed.focus();
  }
  viewer.addEventListener('click', unview);
  document.addEventListener('keydown', function (e) { if (e.key === 'Escape') unview(); });

  function bubble(m) {
    var b = make('article', 'bubble ' + (m.mine ? 'mine' : 'theirs') + (m.waits ? ' pending' : ''));
    if (m.by) b.appendChild(make('span', 'who', m.by));
    b.appendChild(make('span', 'offscreen', (m.mine ? T.you + ' ' : m.by ? '' : T.us + ' ') + clock(m.at)));
    (m.files || []).forEach(function (f) { b.appendChild(fileNode(f)); });
    if (m.text) {
      var p = make('p');
      if (m.mine) p.textContent = m.text; else linked(p, m.text);
      b.appendChild(p);
    } else if ((m.files || []).length && m.files.every(function (f) { return f.url && (f.kind === 'image' || f.kind === 'video'); })) {
      b.classList.add('bare');
    }
    return b;
  }

  function buttonsNode(m, key) {
    var wrap = make('div', 'buttons');
    m.buttons.forEach(function (row) {
      var marks = row.length === 5;
      var line = make('div', marks ? 'marks' : 'rowof');
      line.setAttribute('role', 'group');
      row.forEach(function (b) {
        var n;
        if (b.url) {
          n = make('a', 'button', b.text);
          n.href = b.url;
          n.target = '_blank';
          n.rel = 'noopener noreferrer';
          line.appendChild(n);
          return;
        }
        n = make('button', 'button' + (b.look === 'primary' ? ' primary' : b.look === 'danger' ? ' danger' : ''));
        n.type = 'button';
        var parts = marks ? b.text.split(' ') : [b.text];
        if (parts.length === 2) {
          n.appendChild(make('span', 'face', parts[0]));
          n.appendChild(make('span', '', parts[1]));
          n.setAttribute('aria-label', fill(T.mark, { n: parts[1] }));
        } else {
          n.textContent = b.text;
        }
        n.setAttribute('aria-pressed', chosen[key] === b.data ? 'true' : 'false');
        n.addEventListener('click', function () { press(m, key, b, wrap); });
        line.appendChild(n);
      });
      wrap.appendChild(line);
    });
    return wrap;
  }

  function metaNode(m) {
    var n = make('div', 'meta');
    if (m.state === 'received' || m.state === 'kept') {
      n.appendChild(make('span', '', clock(m.at) + ' · ' + (m.state === 'kept' ? T.kept : T.received)));
      return n;
    }
    if (m.state === 'sending') {
      n.appendChild(make('span', '', T.sending + (m.progress ? ' ' + m.progress + '%' : '…')));
      return n;
    }
    n.className = 'meta bad';
    n.appendChild(make('span', '', m.error || (m.state === 'waiting' ? T.waiting : T.failed)));
    if (!m.lost || m.text) {
      var again = make('button', '', m.lost ? T.wordsonly : T.retry);
      again.type = 'button';
      again.addEventListener('click', function () { retry(m.nonce); });
      n.appendChild(again);
    }
    if (m.state === 'failed') {
      var drop = make('button', '', T.discard);
      drop.type = 'button';
      drop.addEventListener('click', function () { forget(m.nonce); });
      n.appendChild(drop);
    }
    return n;
  }

  // Everything that is to be seen, as a list of keyed pieces.
  function pieces() {
    var list = [], lastDay = dayOf(Date.now()), lastMine = null;
    var all = said.concat(passing).sort(function (a, b) { return a.at - b.at; });
    if (all.length === 0 || dayOf(all[0].at) === lastDay) lastDay = dayOf(Date.now());
    else lastDay = '';
    all.forEach(function (m) { if (m.mine) lastMine = m; });
    all.forEach(function (m) {
      var key = m.id ? 'm' + m.id : m.key;
      if (dayOf(m.at) !== lastDay) {
        lastDay = dayOf(m.at);
        list.push({ key: 'd' + lastDay, sig: dayText(m.at), make: function () { return make('div', 'day', dayText(m.at)); } });
      }
      list.push({ key: key, sig: JSON.stringify([m.text, m.files, m.by]), make: function () { return bubble(m); }, news: !m.mine });
      if (m.buttons && m.buttons.length && !m.replaced && chosen[key] !== '-') {
        list.push({ key: key + 'b', sig: JSON.stringify([m.buttons, chosen[key]]), make: function () { return buttonsNode(m, key); } });
      }
      if (m === lastMine && unsent.length === 0) {
        list.push({ key: key + 's', sig: 'received', make: function () { return metaNode({ state: 'received', at: m.at }); } });
      }
    });
    unsent.forEach(function (u) {
      var m = { mine: true, at: u.at, text: u.text, files: u.files, waits: u.state !== 'received' && u.state !== 'kept' };
      list.push({ key: 'u' + u.nonce, sig: 'u' + u.state, make: function () { return bubble(m); } });
      list.push({ key: 'u' + u.nonce + 's', sig: u.state + u.error + u.progress, make: function () { return metaNode(u); } });
    });
    return list;
  }

  function render() {
    var stick = near;
    var list = pieces(), keep = {}, at = el('greeting'), news = false;
    chips.hidden = said.length > 0 || unsent.length > 0;
    el('greeting').hidden = more;
    at = chips;
    list.forEach(function (p) {
      var had = shown[p.key];
      if (!had || had.sig !== p.sig) {
        var node = p.make();
        if (had) had.node.parentNode.replaceChild(node, had.node);
        else if (!first) {
          node.classList.add('fresh');
          if (p.news) news = true;
        }
        had = { sig: p.sig, node: node };
      }
      keep[p.key] = had;
      if (at.nextSibling !== had.node) log.insertBefore(had.node, at.nextSibling);
      at = had.node;
    });
    for (var k in shown) if (!keep[k]) log.removeChild(shown[k].node);
    shown = keep;
    older.hidden = !more;
    if (stick || first) toEnd();
    else if (news) { below.textContent = T.newbelow; below.hidden = false; }
    if (news && (document.hidden || away)) unread++;
    badge();
    first = false;
  }

  var near = true;
  function toEnd() { scroll.scrollTop = scroll.scrollHeight; near = true; below.hidden = true; }
  scroll.addEventListener('scroll', function () {
    near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    if (near) below.hidden = true;
  }, { passive: true });
  below.addEventListener('click', toEnd);

  var title = document.title;
  function badge() {
    document.title = unread ? '(' + unread + ') ' + title : title;
    if (cfg.embed && window.parent !== window) window.parent.postMessage({ huiyin: 'unread', n: unread }, '*');
  }

  var toastTimer = 0;
  function toast(words) {
    toastBox.textContent = words;
    toastBox.hidden = false;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(function () { toastBox.hidden = true; }, 4000);
  }

  // ---- reading ----

  var loading = false, again = false;
  function load() {
    if (cfg.embed && !token) return Promise.resolve();
    if (loading) { again = true; return Promise.resolve(); }
    loading = true;
    return request('GET', '/messages' + (lowest ? '?from=' + lowest : '')).then(function (r) {
      loading = false;
      connected(r.status !== 0);
      if (r.status === 200) {
        said = r.data.messages || [];
        if (!lowest) more = Boolean(r.data.more);
        if (!lowest && said.length) lowest = said.reduce(function (a, m) { return Math.min(a, m.id); }, said[0].id);
        settle();
        render();
      }
      if (again) { again = false; load(); }
    });
  }
  older.addEventListener('click', function () {
    older.disabled = true;
    request('GET', '/messages?before=' + lowest).then(function (r) {
      older.disabled = false;
      if (r.status !== 200) { toast(T.offline); return; }
      var height = scroll.scrollHeight, top = scroll.scrollTop;
      more = Boolean(r.data.more);
      said = r.data.messages.concat(said);
      lowest = said.reduce(function (a, m) { return Math.min(a, m.id); }, lowest);
      near = false;
      first = true;
      render();
      near = false;
      scroll.scrollTop = top + scroll.scrollHeight - height;
    });
  });

  // What the server has is no longer unsent.
  function settle() {
    var have = {};
    said.forEach(function (m) { if (m.nonce) have[m.nonce] = true; });
    unsent.slice().forEach(function (u) { if (have[u.nonce]) forget(u.nonce, true); });
  }

  function connected(yes) {
    offline.hidden = yes;
    if (!yes) offline.textContent = T.offline;
  }

  // ---- live ----

  var streaming = false, timer = 0, backoff = 1000;
  function news() {
    clearTimeout(timer);
    timer = setTimeout(function () { load(); }, 60);
  }
  function listen() {
    if (streaming || (cfg.embed && !token) || typeof fetch !== 'function' || typeof AbortController !== 'function') return;
    streaming = true;
    var silent = new AbortController(), quiet = 0;
    function alive() { clearTimeout(quiet); quiet = setTimeout(function () { silent.abort(); }, 45000); }
    function over(wait) {
      clearTimeout(quiet);
      streaming = false;
      if (wait) setTimeout(listen, wait);
    }
    alive();
    fetch(cfg.base + '/live', { headers: headers(), credentials: 'same-origin', cache: 'no-store', signal: silent.signal }).then(function (r) {
      if (r.status === 204) { over(0); return null; } // nothing said yet: sending starts it
      if (!r.ok || !r.body || !r.body.getReader) { over(r.ok ? 0 : 10000); return null; }
      var reader = r.body.getReader(), decoder = new TextDecoder(), rest = '';
      backoff = 1000;
      connected(true);
      function pump() {
        return reader.read().then(function (chunk) {
          if (chunk.done) { over(300); return null; }
          alive();
          rest += decoder.decode(chunk.value, { stream: true });
          var lines = rest.split('\n');
          rest = lines.pop();
          if (lines.some(function (l) { return l.indexOf('data:') === 0; })) news();
          return pump();
        });
      }
      return pump();
    }).catch(function () {
      over(backoff);
      backoff = Math.min(backoff * 2, 30000);
    });
  }
  setInterval(function () { if (!document.hidden && !streaming && (said.length || unsent.length)) load(); }, POLL_FAST);
  setInterval(function () { if (!document.hidden) { load(); if (said.length) listen(); } }, POLL_SLOW);
  document.addEventListener('visibilitychange', function () {
    if (document.hidden) return;
    unread = 0;
    load();
    if (said.length) listen();
    flush();
  });
  window.addEventListener('online', function () { load(); flush(); });

  // ---- writing ----

  function save() {
    box.set(UNSENT, JSON.stringify(unsent.map(function (u) {
      return { nonce: u.nonce, text: u.text, at: u.at, seconds: u.seconds, count: u.lost ? u.count : u.files.length };
    })));
  }
  function forget(id, taken) {
    unsent = unsent.filter(function (u) {
      if (u.nonce !== id) return true;
      u.files.forEach(function (f) { if (f.url) setTimeout(function () { URL.revokeObjectURL(f.url); }, 5000); });
      return false;
    });
    save();
    blobs.drop(id);
    if (!taken) render();
  }
  function retry(id) {
    unsent.forEach(function (u) { if (u.nonce === id) { u.state = 'sending'; u.error = ''; u.lost = false; u.tries = 0; u.next = 0; } });
    render();
    flush();
  }
  function post(words, files, seconds) {
    var u = { nonce: nonce(), text: words, files: files, seconds: seconds || 0, at: Date.now(), state: 'sending', error: '', progress: 0, tries: 0, next: 0 };
    unsent.push(u);
    save();
    if (files.length) u.kept = Promise.race([blobs.put(u.nonce, files), new Promise(function (done) { setTimeout(done, KEEP_TIMEOUT); })]);
    near = true;
    render();
    toEnd();
    flush();
  }

  // One message at a time, in order. What is not answered is sent again under
  // the same nonce: the server takes it once.
  var busy = false, flushTimer = 0;
  function flush() {
    if (busy) return;
    var u = null;
    for (var i = 0; i < unsent.length; i++) {
      if (unsent[i].state === 'failed' || unsent[i].state === 'received' || unsent[i].state === 'kept') continue;
      u = unsent[i];
      break;
    }
    if (!u) return;
    var wait = u.next - Date.now();
    if (wait > 0) { clearTimeout(flushTimer); flushTimer = setTimeout(flush, wait); return; }
    busy = true;
    u.state = 'sending';
    u.error = '';
    render();
    // The files are kept before they are sent, so that a reload at any time
    // loses none of them.
    Promise.resolve(u.kept).then(identify).then(function (known) {
      if (!known) return { status: 0, data: {}, wait: 0 };
      var body = new FormData();
      body.append('nonce', u.nonce);
      body.append('text', u.text);
      body.append('page', window.location.search);
      body.append('seconds', String(u.seconds || 0));
      u.files.forEach(function (f) { body.append('file', f.blob, f.name); });
      return request('POST', '/send', body, u.files.length ? UPLOAD_TIMEOUT : SEND_TIMEOUT, u.files.length ? function (e) {
        if (!e.lengthComputable) return;
        u.progress = Math.floor(e.loaded * 100 / e.total);
        render();
      } : null);
    }).then(function (r) {
      busy = false;
      u.progress = 0;
      if (r.status === 200 || r.status === 202) {
        // Kept on disk: it stands here until the server shows it.
        u.state = r.data.kept ? 'kept' : 'received';
        connected(true);
        save();
        if (r.data.answer) answered(r.data.answer, null);
        if (u.state === 'kept') { render(); flush(); return; }
        load().then(function () { forget(u.nonce, true); render(); listen(); });
      } else if (r.status === 0 || r.status === 429 || r.status >= 500 && r.status !== 507) {
        u.state = 'waiting';
        u.error = r.status === 429 ? T.slow : '';
        u.tries++;
        u.next = Date.now() + (r.wait ? r.wait * 1000 : Math.min(30000, 1500 * Math.pow(2, Math.min(u.tries, 5))));
        connected(r.status !== 0);
      } else {
        u.state = 'failed';
        u.error = r.data.error || T.failed;
      }
      render();
      flush();
    });
  }

  function press(m, key, b, wrap) {
    var buttons = wrap.querySelectorAll('button');
    Array.prototype.forEach.call(buttons, function (n) { n.disabled = true; });
    var body = JSON.stringify({ nonce: nonce(), message: m.id || 0, data: b.data });
    var tries = 0;
    function once() {
      request('POST', '/press', body).then(function (r) {
        if ((r.status === 0 || r.status === 503 || r.status === 429) && tries < 3) {
          tries++;
          setTimeout(once, r.wait ? r.wait * 1000 : 1000 * tries);
          return;
        }
        Array.prototype.forEach.call(buttons, function (n) { n.disabled = false; });
        if (r.status !== 200) { toast(r.data.error || T.offline); return; }
        chosen[key] = b.data;
        box.set(CHOSEN, JSON.stringify(chosen));
        if (r.data.answer) answered(r.data.answer, key);
        render();
        load();
      });
    }
    once();
  }

  function answered(a, key) {
    if (a.replace && key) {
      chosen[key] = '-';
      box.set(CHOSEN, JSON.stringify(chosen));
    }
    if (!a.text && !a.buttons) return;
    // What takes the buttons' place stays; a short word passes.
    if (a.brief && !a.buttons && !a.replace) { toast(a.text); return; }
    passing.push({ key: 'p' + nonce(), mine: false, at: Date.now(), text: a.text, buttons: a.buttons || [] });
    near = true;
    render();
  }

  // ---- the line to write in ----

  var picked = [];
  function grow() {
    text.style.height = 'auto';
    text.style.height = Math.min(132, text.scrollHeight + 2) + 'px';
    send.disabled = !text.value.trim() && !picked.length;
    box.set(DRAFT, text.value);
  }
  text.addEventListener('input', grow);
  var mouse = window.matchMedia && window.matchMedia('(hover: hover) and (pointer: fine)').matches;
  text.addEventListener('keydown', function (e) {
    if (e.key !== 'Enter' || e.shiftKey || e.isComposing || e.keyCode === 229) return;
    if (!mouse && !(e.ctrlKey || e.metaKey)) return;
    e.preventDefault();
    submit();
  });
  form.addEventListener('submit', function (e) { e.preventDefault(); submit(); });
  function submit() {
    var words = text.value.trim();
    if (!words && !picked.length) return;
    if (Array.from(words).length > cfg.maxText) { toast(fill(T.toolong, { max: cfg.maxText })); return; }
    var files = picked;
    picked = [];
    showTray();
    text.value = '';
    grow();
    post(words, files, 0);
    text.focus();
  }
  chips.addEventListener('click', function (e) {
    if (e.target.classList.contains('chip')) post(e.target.textContent, [], 0);
  });

  function kindOf(type) {
    if (/^image\/(png|jpeg|gif|webp)$/.test(type)) return 'image';
    if (type.indexOf('audio/') === 0) return 'audio';
    if (type.indexOf('video/') === 0) return 'video';
    return 'file';
  }
  function toFile(blob, name) {
    return { blob: blob, name: name, type: blob.type, kind: kindOf(blob.type), url: URL.createObjectURL(blob), size: blob.size };
  }
  function pick(list) {
    Array.prototype.forEach.call(list, function (f) {
      if (f.size > cfg.maxFile) { toast(fill(T.toolarge, { max: Math.floor(cfg.maxFile / 1048576) })); return; }
      if (picked.length >= cfg.maxFiles) { toast(fill(T.toomany, { max: cfg.maxFiles })); return; }
      picked.push(toFile(f, f.name || 'file'));
    });
    showTray();
    grow();
  }
  filesInput.addEventListener('change', function () { pick(filesInput.files); filesInput.value = ''; });
  text.addEventListener('paste', function (e) {
    var files = e.clipboardData && e.clipboardData.files;
    if (files && files.length) { e.preventDefault(); pick(files); }
  });
  scroll.addEventListener('dragover', function (e) { e.preventDefault(); });
  scroll.addEventListener('drop', function (e) {
    e.preventDefault();
    if (e.dataTransfer && e.dataTransfer.files.length) pick(e.dataTransfer.files);
  });
  function showTray() {
    tray.textContent = '';
    tray.hidden = picked.length === 0;
    picked.forEach(function (f, i) {
      var fig = make('figure');
      if (f.kind === 'image') {
        var img = make('img');
        img.alt = f.name;
        img.src = f.url;
        fig.appendChild(img);
      } else {
        fig.appendChild(make('span', '', f.name.length > 24 ? f.name.slice(0, 22) + '…' : f.name));
      }
      var x = make('button', '', '×');
      x.type = 'button';
      x.setAttribute('aria-label', T.remove + ' ' + f.name);
      x.addEventListener('click', function () { picked.splice(i, 1); showTray(); grow(); });
      fig.appendChild(x);
      tray.appendChild(fig);
    });
  }

  // ---- voice: press and hold ----

  var canRecord = Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia && window.MediaRecorder);
  mode.addEventListener('click', function () {
    if (!canRecord) { toast(T.nomic); recordingInput.click(); return; }
    var voice = mode.getAttribute('aria-pressed') !== 'true';
    mode.setAttribute('aria-pressed', String(voice));
    mode.setAttribute('aria-label', voice ? T.keyboard : T.voice);
    text.hidden = voice;
    hold.hidden = !voice;
    hold.textContent = T.hold;
    if (!voice) text.focus();
  });
  recordingInput.addEventListener('change', function () {
    Array.prototype.forEach.call(recordingInput.files, function (f) {
      if (f.size > cfg.maxFile) { toast(fill(T.toolarge, { max: Math.floor(cfg.maxFile / 1048576) })); return; }
      post('', [toFile(f, f.name || 'voice')], 0);
    });
    recordingInput.value = '';
  });

  var rec = null;
  function bestType() {
    var types = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus', 'audio/webm'];
    for (var i = 0; i < types.length; i++) if (MediaRecorder.isTypeSupported && MediaRecorder.isTypeSupported(types[i])) return types[i];
    return '';
  }
  function begin(y) {
    if (rec) return;
    var mine = rec = { y: y, cancelled: false, released: false, chunks: [], started: 0, stream: null, recorder: null };
    hold.classList.add('recording');
    hold.textContent = T.release;
    navigator.mediaDevices.getUserMedia({ audio: true }).then(function (stream) {
      mine.stream = stream;
      if (mine.released) { finish(mine); return; }
      var type = bestType();
      mine.recorder = type ? new MediaRecorder(stream, { mimeType: type }) : new MediaRecorder(stream);
      mine.recorder.ondataavailable = function (e) { if (e.data && e.data.size) mine.chunks.push(e.data); };
      mine.recorder.onstop = function () { deliver(mine); };
      mine.recorder.start(1000);
      mine.started = Date.now();
      mine.limit = setTimeout(function () { release(); }, MAX_RECORDING);
      mine.ticks = setInterval(function () {
        if (!mine.cancelled) hold.textContent = Math.floor((Date.now() - mine.started) / 1000) + '″ ' + T.release;
      }, 500);
    }).catch(function () {
      finish(mine);
      toast(T.micdenied);
    });
  }
  function move(y) {
    if (!rec) return;
    rec.cancelled = rec.y - y > CANCEL_DISTANCE;
    hold.classList.toggle('cancelling', rec.cancelled);
    if (rec.cancelled) hold.textContent = T.cancel;
  }
  function release() {
    if (!rec) return;
    rec.released = true;
    if (rec.recorder && rec.recorder.state !== 'inactive') rec.recorder.stop();
    else if (rec.stream) finish(rec);
    hold.classList.remove('recording', 'cancelling');
    hold.textContent = T.hold;
  }
  function finish(r) {
    clearTimeout(r.limit);
    clearInterval(r.ticks);
    if (r.stream) r.stream.getTracks().forEach(function (t) { t.stop(); });
    if (rec === r) rec = null;
    hold.classList.remove('recording', 'cancelling');
    hold.textContent = T.hold;
  }
  function deliver(r) {
    var length = Date.now() - r.started;
    var type = (r.recorder.mimeType || 'audio/webm').split(';')[0];
    finish(r);
    if (r.cancelled) return;
    if (length < MIN_RECORDING || !r.chunks.length) { toast(T.short); return; }
    var name = 'voice' + (type === 'audio/mp4' ? '.m4a' : type === 'audio/ogg' ? '.ogg' : '.weba');
    var f = toFile(new Blob(r.chunks, { type: type }), name);
    f.kind = 'audio';
    f.seconds = Math.max(1, Math.round(length / 1000));
    post('', [f], f.seconds);
  }
  if (window.PointerEvent) {
    hold.addEventListener('pointerdown', function (e) {
      e.preventDefault();
      try { hold.setPointerCapture(e.pointerId); } catch (x) { /* the move is followed anyway */ }
      begin(e.clientY);
    });
    hold.addEventListener('pointermove', function (e) { move(e.clientY); });
    hold.addEventListener('pointerup', release);
    hold.addEventListener('pointercancel', function () { if (rec) rec.cancelled = true; release(); });
  } else {
    hold.addEventListener('touchstart', function (e) { e.preventDefault(); begin(e.touches[0].clientY); });
    hold.addEventListener('touchmove', function (e) { move(e.touches[0].clientY); });
    hold.addEventListener('touchend', release);
    hold.addEventListener('touchcancel', function () { if (rec) rec.cancelled = true; release(); });
  }
  hold.addEventListener('contextmenu', function (e) { e.preventDefault(); });
  hold.addEventListener('keydown', function (e) {
    if (e.key !== ' ' && e.key !== 'Enter') return;
    e.preventDefault();
    if (e.repeat) return;
    if (rec) release(); else begin(0);
  });

  // ---- inside another site ----

  if (cfg.embed && el('close')) {
    el('close').addEventListener('click', function () {
      if (window.parent !== window) window.parent.postMessage({ huiyin: 'close' }, '*');
    });
  }
  window.addEventListener('message', function (e) {
    if (e.source !== window.parent || !e.data) return;
    if (e.data.huiyin === 'closed') { away = true; return; }
    if (e.data.huiyin !== 'opened') return;
    away = false;
    unread = 0;
    badge();
    load();
    if (mouse) text.focus();
  });

  // ---- start ----

  // What was not sent before a reload goes on.
  function restore() {
    var kept = [];
    try { kept = JSON.parse(box.get(UNSENT)) || []; } catch (e) { kept = []; }
    return Promise.all(kept.map(function (k) {
      return (k.count ? blobs.get(k.nonce) : Promise.resolve([])).then(function (files) {
        var u = {
          nonce: String(k.nonce), text: String(k.text || ''), at: Number(k.at) || Date.now(), seconds: Number(k.seconds) || 0,
          files: (files || []).map(function (f) {
            var file = toFile(f.blob, f.name);
            if (k.seconds) { file.kind = 'audio'; file.seconds = k.seconds; }
            return file;
          }),
          state: 'waiting', error: '', progress: 0, tries: 0, next: 0
        };
        if (k.count && u.files.length < k.count) { u.state = 'failed'; u.error = T.attached; u.lost = true; u.count = k.count; }
        unsent.push(u);
      });
    }));
  }
  text.value = box.get(DRAFT) || '';
  grow();
  restore().then(function () { return load(); }).then(function () {
    render();
    if (said.length) listen();
    flush();
  });
})();
