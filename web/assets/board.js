// The team board: live lists, and the same commands and buttons as in chats.
// The server renders everything; this script replaces what changed.
(function () {
  'use strict';

  var cfg = JSON.parse(document.getElementById('config').textContent);
  var T = cfg.texts;
  function el(id) { return document.getElementById(id); }
  function make(tag, className, content) {
    var n = document.createElement(tag);
    if (className) n.className = className;
    if (content !== undefined) n.textContent = content;
    return n;
  }
  function fill(s, values) {
    return s.replace(/\{(\w+)\}/g, function (all, name) { return name in values ? String(values[name]) : all; });
  }
  function nonce() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ('0' + b.toString(16)).slice(-2); }).join('');
  }

  // ---- times ----

  var zone = {};
  try { new Intl.DateTimeFormat(cfg.lang, { timeZone: cfg.zone }); zone = { timeZone: cfg.zone }; } catch (e) { zone = {}; }
  function format(at, options) {
    var o = {};
    for (var k in options) o[k] = options[k];
    for (var z in zone) o[z] = zone[z];
    return new Date(at).toLocaleString(cfg.lang, o);
  }
  function span(ms) {
    var min = Math.max(1, Math.ceil(ms / 60000)), hours = Math.floor(min / 60); // as cards count
    if (hours === 0) return fill(T.min, { n: min });
    if (hours >= 48) return fill(T.day, { n: Math.floor((hours + 12) / 24) });
    return fill(T.hour, { n: hours }) + (min % 60 ? ' ' + fill(T.min, { n: min % 60 }) : '');
  }
  function stamp(at) {
    var day = { year: 'numeric', month: 'numeric', day: 'numeric' };
    var time = { hour: '2-digit', minute: '2-digit', hour12: false };
    if (format(at, day) === format(Date.now(), day)) return format(at, time);
    if (format(at, { year: 'numeric' }) !== format(Date.now(), { year: 'numeric' })) return format(at, day);
    return format(at, { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
  }
  function times(root) {
    Array.prototype.forEach.call(root.querySelectorAll('time'), function (n) {
      var at = Date.parse(n.getAttribute('datetime')), left = at - Date.now();
      if (n.hasAttribute('data-due')) {
        n.textContent = fill(left < 0 ? T.over : T.left, { t: span(Math.abs(left)) });
        n.classList.toggle('over', left < 0);
      } else if (n.hasAttribute('data-ago')) {
        n.textContent = -left < 60000 ? T.now : -left < 86400000 ? span(Math.floor(-left / 60000) * 60000) : stamp(at);
      } else {
        n.textContent = stamp(at);
      }
      if (!n.title) n.title = format(at, { dateStyle: 'medium', timeStyle: 'short' });
    });
  }

  // ---- what changed ----

  var source = new WeakMap(); // node -> as the server rendered it
  function remember(root) {
    Array.prototype.forEach.call(root.querySelectorAll('[data-key]'), function (n) { source.set(n, n.outerHTML); });
  }
  function merge(old, fresh) {
    var had = {}, at = null;
    Array.prototype.forEach.call(old.children, function (n) { had[n.getAttribute('data-key')] = n; });
    Array.prototype.slice.call(fresh.children).forEach(function (n) {
      var key = n.getAttribute('data-key'), html = n.outerHTML, was = had[key];
      delete had[key];
      var node = was;
      if (!was || source.get(was) !== html) {
        node = document.importNode(n, true);
        source.set(node, html);
        times(node);
        if (was) {
          var active = was.contains(document.activeElement) && document.activeElement.getAttribute('data-press');
          old.replaceChild(node, was);
          if (active) Array.prototype.some.call(node.querySelectorAll('[data-press]'), function (b) {
            if (b.getAttribute('data-press') !== active) return false;
            b.focus();
            return true;
          });
          else if (document.activeElement === document.body && was.querySelector('a') && focused === key) node.querySelector('a').focus();
        }
      }
      var next = at ? at.nextSibling : old.firstChild;
      if (next !== node) old.insertBefore(node, next);
      at = node;
    });
    for (var k in had) if (had[k].parentNode === old) old.removeChild(had[k]);
  }

  var reading = false, again = false;
  function refresh() {
    if (reading) { again = true; return; }
    reading = true;
    fetch(window.location.href, { headers: { 'X-Part': '1' }, credentials: 'same-origin', cache: 'no-store' }).then(function (r) {
      if (r.redirected || r.status === 401) { window.location.reload(); throw new Error('signed out'); }
      if (!r.ok) throw new Error(String(r.status));
      return r.text();
    }).then(function (html) {
      var doc = new DOMParser().parseFromString(html, 'text/html');
      var thread = document.querySelector('.thread');
      var end = thread && thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
      ring(doc);
      Array.prototype.forEach.call(document.querySelectorAll('[data-part]'), function (old) {
        var fresh = doc.querySelector('[data-part="' + old.getAttribute('data-part') + '"]');
        if (fresh) merge(old, fresh);
        if (fresh && old.className !== fresh.className) old.className = fresh.className;
      });
      if (end) thread.scrollTop = thread.scrollHeight;
      count();
      online(true);
    }).catch(function () { online(false); }).then(function () {
      reading = false;
      if (again) { again = false; refresh(); }
    });
  }

  var title = document.title;
  function count() {
    var b = document.querySelector('.tabs b');
    var n = b ? Number(b.textContent) : 0;
    document.title = n ? '(' + n + ') ' + title : title;
  }
  function online(yes) {
    el('offline').hidden = yes;
    el('offline').textContent = yes ? '' : T.offline;
  }

  // ---- a sound for what is new, where somebody asked for it ----

  var bell = el('bell'), sound = null;
  function loud() { return bell.getAttribute('aria-pressed') === 'true'; }
  function setBell(on) {
    bell.setAttribute('aria-pressed', String(on));
    try { window.localStorage.setItem('huiyin:bell', on ? '1' : ''); } catch (e) { /* blocked: until the page closes */ }
  }
  try { if (window.localStorage.getItem('huiyin:bell')) bell.setAttribute('aria-pressed', 'true'); } catch (e) { /* blocked */ }
  bell.addEventListener('click', function () {
    setBell(!loud());
    if (!loud()) return;
    beep();
    if (window.Notification && Notification.permission === 'default') Notification.requestPermission();
  });
  function beep() {
    try {
      sound = sound || new AudioContext();
      sound.resume();
      var o = sound.createOscillator(), g = sound.createGain(), at = sound.currentTime;
      o.frequency.setValueAtTime(660, at);
      o.frequency.setValueAtTime(880, at + 0.12);
      g.gain.setValueAtTime(0.12, at);
      g.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      o.connect(g).connect(sound.destination);
      o.start(at);
      o.stop(at + 0.5);
    } catch (e) { /* no sound without a device */ }
  }
  var newest = rows().reduce(function (n, a) { return Math.max(n, numberOf(a)); }, 0);
  function numberOf(row) { return Number(row.parentNode.getAttribute('data-key').slice(1)) || 0; }
  function ring(doc) {
    var fresh = Array.prototype.filter.call(doc.querySelectorAll('[data-part="list"] a.row'), function (a) { return numberOf(a) > newest; });
    if (!fresh.length) return;
    newest = fresh.reduce(function (n, a) { return Math.max(n, numberOf(a)); }, newest);
    if (!loud()) return;
    beep();
    if (document.hidden && window.Notification && Notification.permission === 'granted') {
      // The number alone: what customers wrote stays behind the sign-in.
      new Notification(fill(T.new, { n: fresh.map(function (a) { return '#' + numberOf(a); }).join(' ') }));
    }
  }

  var pending = 0;
  function soon() {
    clearTimeout(pending);
    pending = setTimeout(refresh, 120);
  }
  var stream = null;
  function listen() {
    if (stream) stream.close();
    stream = new EventSource('/live');
    stream.onmessage = soon;
    stream.onopen = function () { online(true); };
    stream.onerror = function () {
      if (stream.readyState === 2) { stream = null; setTimeout(listen, 5000); soon(); }
    };
  }
  setInterval(function () { times(document); }, 20000);
  setInterval(function () { if (!document.hidden) refresh(); }, 45000);
  document.addEventListener('visibilitychange', function () { if (!document.hidden) { refresh(); if (!stream) listen(); } });

  // ---- doing ----

  function act(what, files) {
    var body = { nonce: nonce(), item: cfg.item };
    for (var k in what) body[k] = what[k];
    var tries = 0, headers = { 'X-Huiyin': '1' }, payload = JSON.stringify(body);
    if (files && files.length) {
      var form = new FormData();
      form.append('text', payload);
      files.forEach(function (f) { form.append('file', f, f.name); });
      payload = form;
    } else {
      headers['Content-Type'] = 'application/json';
    }
    function once() {
      return fetch('/do', { method: 'POST', credentials: 'same-origin', headers: headers, body: payload }).then(function (r) {
        if (r.status === 503 && tries < 2) throw new Error('again');
        return r.json().then(function (data) {
          if (r.status === 401) { window.location.reload(); return null; }
          if (!r.ok) { say({ text: data.error || T.failed, brief: true }); return null; }
          return data;
        });
      }).catch(function () {
        // The same nonce again: what was done is not done twice.
        if (tries++ < 2) return new Promise(function (done) { setTimeout(done, 800 * tries); }).then(once);
        say({ text: T.failed, brief: true });
        return null;
      });
    }
    return once().then(function (answer) {
      if (answer) soon();
      if (answer && answer.changed && asked) { asked = false; clear(); }
      return answer;
    });
  }

  function show(answer) {
    if (!answer) return;
    if (answer.dialog) { dialog(answer.dialog); return; }
    if (!answer.text && !answer.buttons) { hush(); return; }
    if (answer.brief || answer.text.length < 160 && answer.text.split('\n').length < 5) say(answer);
    else panel(answer);
  }

  function buttons(rows, after) {
    var wrap = document.createDocumentFragment();
    (rows || []).forEach(function (row) {
      var line = make('div', 'buttonrow');
      row.forEach(function (b) {
        var n;
        if (b.url) {
          n = make('a', 'button', b.text);
          n.href = b.url;
          n.target = '_blank';
          n.rel = 'noopener noreferrer';
        } else {
          n = make('button', 'button ' + (b.look || ''), b.text);
          n.type = 'button';
          n.addEventListener('click', function () { if (after) after(); press(b.data, n); });
        }
        line.appendChild(n);
      });
      wrap.appendChild(line);
    });
    return wrap;
  }

  function press(data, button) {
    if (cfg.item && data === 'reply:' + cfg.item && el('compose')) { choose('reply'); return; }
    if (cfg.item && data === 'resolve:' + cfg.item && el('compose')) { choose('resolve'); return; }
    if (button) button.disabled = true;
    act({ data: data }).then(function (answer) {
      if (button) button.disabled = false;
      show(answer);
    });
  }
  document.addEventListener('click', function (e) {
    var b = e.target.closest && e.target.closest('[data-press]');
    if (b) press(b.getAttribute('data-press'), b);
  });

  // A line at the bottom: what happened, what can still be done about it.
  var bar = el('bar'), barTimer = 0, ticker = 0;
  function hush() { bar.hidden = true; clearTimeout(barTimer); clearInterval(ticker); }
  function say(answer) {
    hush();
    bar.textContent = '';
    var line = make('div', 'said');
    line.appendChild(make('p', '', answer.text));
    var x = make('button', 'shut', '×');
    x.type = 'button';
    x.setAttribute('aria-label', T.close);
    x.addEventListener('click', hush);
    line.appendChild(x);
    bar.appendChild(line);
    toCopy(answer, bar);
    bar.appendChild(buttons(answer.buttons, hush));
    if (answer.seconds) {
      var left = make('div', 'left'), end = Date.now() + answer.seconds * 1000;
      bar.appendChild(left);
      ticker = setInterval(function () {
        var rest = end - Date.now();
        left.style.transform = 'scaleX(' + Math.max(0, rest / (answer.seconds * 1000)) + ')';
        if (rest <= 0) { hush(); soon(); }
      }, 200);
    } else if (!answer.buttons) {
      barTimer = setTimeout(hush, Math.min(12000, 3500 + answer.text.length * 60));
    }
    bar.hidden = false;
  }

  var modal = el('modal');
  function shut() { if (modal.open) modal.close(); }
  function open() { if (!modal.open) modal.showModal(); }
  modal.addEventListener('click', function (e) { if (e.target === modal) shut(); });
  // Without TLS there is no clipboard for scripts, but what is selected is copied.
  function copied(text, within) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text).then(function () { return true; }, function () { return false; });
    var area = make('textarea', 'offscreen'), yes = false;
    area.value = text;
    within.appendChild(area); // a dialog lets nothing outside be selected
    area.select();
    try { yes = document.execCommand('copy'); } catch (e) { yes = false; }
    within.removeChild(area);
    return Promise.resolve(yes);
  }
  // What cannot be sent from here is prepared for its place: a button copies it.
  function toCopy(answer, into) {
    var prepared = (answer.buttons || []).some(function (row) {
      return row.some(function (b) { return /^posted:/.test(b.data); });
    });
    var words = answer.text.split('\n\n').slice(1).join('\n\n');
    if (!prepared || !words) return;
    var line = make('div', 'buttonrow'), c = make('button', 'button', T.copy);
    c.type = 'button';
    c.addEventListener('click', function () {
      copied(words, into).then(function (yes) { c.textContent = yes ? T.copied : T.failed; });
    });
    line.appendChild(c);
    into.appendChild(line);
  }
  function panel(answer) {
    modal.textContent = '';
    modal.setAttribute('aria-label', answer.text.split('\n')[0]);
    var f = make('form');
    f.method = 'dialog';
    f.appendChild(make('div', 'long', answer.text));
    toCopy(answer, f);
    f.appendChild(buttons(answer.buttons, shut));
    var foot = make('div', 'foot');
    foot.appendChild(make('button', 'button', T.close));
    f.appendChild(foot);
    modal.appendChild(f);
    open();
  }
  function boxes(d, into, id) {
    (d.options || []).forEach(function (o, i) {
      var l = make('label', 'box'), c = make('input');
      c.type = 'checkbox';
      c.name = o.Name;
      c.id = id + i;
      l.appendChild(c);
      l.appendChild(document.createTextNode(o.Text));
      into.appendChild(l);
    });
  }
  function values(words, from) {
    var v = { text: words };
    Array.prototype.forEach.call(from.querySelectorAll('input[type=checkbox]'), function (c) { if (c.checked) v[c.name] = 'on'; });
    return v;
  }
  function enough(words, d) {
    if (Array.from(words.trim()).length >= (d.min || 0)) return true;
    say({ text: fill(T.short, { n: d.min }), brief: true });
    return false;
  }
  function dialog(d) {
    modal.textContent = '';
    modal.setAttribute('aria-label', d.title);
    var f = make('form');
    f.appendChild(make('h2', '', d.title));
    var l = make('label', 'quietly', d.label);
    l.htmlFor = 'dialogwords';
    f.appendChild(l);
    var area = make('textarea');
    area.id = 'dialogwords';
    area.maxLength = 4000;
    area.placeholder = d.hint || '';
    area.value = d.value || '';
    f.appendChild(area);
    boxes(d, f, 'dbox');
    var foot = make('div', 'foot');
    var no = make('button', 'button', T.cancel);
    no.type = 'button';
    no.addEventListener('click', shut);
    foot.appendChild(no);
    var yes = make('button', 'button primary', d.submit || T.submit);
    foot.appendChild(yes);
    f.appendChild(foot);
    f.addEventListener('submit', function (e) {
      e.preventDefault();
      if (!enough(area.value, d)) return;
      yes.disabled = true;
      act({ submit: d.data, values: values(area.value, f) }).then(function (answer) {
        yes.disabled = false;
        if (!answer) return;
        shut();
        show(answer);
      });
    });
    modal.appendChild(f);
    open();
    area.focus();
  }

  // ---- the box below an item: a note, unless one says otherwise ----

  var compose = el('compose'), words = el('words'), mode = 'note', form = null, drafts = { note: '', reply: '', resolve: '' };
  var attach = el('attach'), attached = [];
  // The words were handed in and nothing happened yet: they were refused, or
  // the desk asks first. They stay until something does.
  var asked = false;
  function clear() {
    drafts[mode] = words.value = '';
    attached = [];
    countFiles();
    if (mode !== 'note') settle('note', null);
  }
  function countFiles() { el('attached').textContent = attached.length ? fill(T.files, { n: attached.length }) : ''; }
  function choose(name) {
    if (!compose || !compose.querySelector('[data-mode="' + name + '"]')) return;
    if (name === mode) { words.focus(); return; }
    if (name === 'note') { settle('note', null); return; }
    act({ data: name + ':' + cfg.item }).then(function (answer) {
      if (!answer) return;
      if (answer.dialog) settle(name, answer.dialog);
      else show(answer);
    });
  }
  function settle(name, d) {
    drafts[mode] = words.value;
    mode = name;
    form = d;
    compose.className = 'compose mode-' + name;
    Array.prototype.forEach.call(compose.querySelectorAll('[data-mode]'), function (b) {
      b.setAttribute('aria-pressed', String(b.getAttribute('data-mode') === name));
    });
    var reach = el('reach'), submit = el('submit'), label = el('wordslabel'), box = el('boxes');
    reach.textContent = reach.getAttribute('data-' + name);
    submit.textContent = d ? d.submit || T.submit : submit.getAttribute('data-note');
    label.hidden = !d;
    label.textContent = d ? d.title + (d.label ? ' · ' + d.label : '') : '';
    words.placeholder = d ? d.hint || '' : words.getAttribute('data-hint');
    words.setAttribute('aria-label', d ? d.title : submit.getAttribute('data-note'));
    words.value = drafts[name] || (d && d.value) || '';
    box.textContent = '';
    if (d) boxes(d, box, 'cbox');
    words.focus();
  }
  if (compose) {
    Array.prototype.forEach.call(compose.querySelectorAll('[data-mode]'), function (b) {
      b.addEventListener('click', function () { choose(b.getAttribute('data-mode')); });
    });
    compose.addEventListener('submit', function (e) {
      e.preventDefault();
      var said = words.value;
      if (!said.trim() && !attached.length || form && !enough(said, form)) return;
      el('submit').disabled = true;
      act(form ? { submit: form.data, values: values(said, el('boxes')) } : { text: said }, attached).then(function (answer) {
        el('submit').disabled = false;
        if (!answer) return;
        if (answer.changed) clear(); else asked = true;
        show(answer);
        var thread = document.querySelector('.thread');
        if (thread) thread.scrollTop = thread.scrollHeight;
      });
    });
    attach.addEventListener('change', function () {
      attached = Array.prototype.slice.call(attach.files);
      attach.value = '';
      countFiles();
    });
    words.addEventListener('keydown', function (e) {
      if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); el('submit').click(); }
      if (e.key === 'Escape') { settle('note', null); words.blur(); }
    });
    window.addEventListener('beforeunload', function (e) { if (words.value.trim() && mode !== 'note') e.preventDefault(); });
  }

  // The line for searching takes commands, too: they begin as in chats.
  document.querySelector('.search').addEventListener('submit', function (e) {
    var q = el('search').value.trim();
    if (!/^[!！\/]/.test(q)) return;
    e.preventDefault();
    act({ text: q }).then(function (answer) {
      if (!answer) return;
      el('search').value = '';
      show(answer);
    });
  });

  // ---- keys ----

  var focused = '';
  document.addEventListener('focusin', function (e) {
    var li = e.target.closest && e.target.closest('[data-key]');
    focused = li ? li.getAttribute('data-key') : '';
  });
  function rows() { return Array.prototype.slice.call(document.querySelectorAll('#list a.row')); }
  function step(by) {
    var all = rows(), at = all.findIndex(function (a) { return cfg.item ? a.getAttribute('aria-current') : a === document.activeElement; });
    var next = all[at < 0 ? 0 : at + by];
    if (!next) return;
    if (cfg.item) window.location.href = next.href;
    else { next.focus(); next.scrollIntoView({ block: 'nearest' }); }
  }
  document.addEventListener('keydown', function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || modal.open) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
    switch (e.key) {
      case 'j': step(1); break;
      case 'k': step(-1); break;
      // After the key itself, which is not meant for the field.
      case '/': setTimeout(function () { el('search').focus(); }); break;
      case 'Escape': hush(); return;
      case 'c': if (cfg.item && compose) press('claim:' + cfg.item, null); break;
      case 'r': if (cfg.item) choose('reply'); break;
      case 'e': if (cfg.item) choose('resolve'); break;
      case 'n': if (compose) setTimeout(function () { settle('note', null); }); break;
      default: return;
    }
    e.preventDefault();
  });

  remember(document);
  times(document);
  count();
  var thread = document.querySelector('.thread'), atEnd = true;
  if (thread) {
    var toEnd = function () { if (atEnd) thread.scrollTop = thread.scrollHeight; };
    thread.addEventListener('scroll', function () { atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60; }, { passive: true });
    thread.addEventListener('load', toEnd, true); // pictures grow as they come
    toEnd();
  }
  var current = document.querySelector('#list [aria-current]');
  if (current) current.scrollIntoView({ block: 'nearest' });
  listen();
})();
