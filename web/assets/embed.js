// One script tag shows the chat on another site:
//   <script async src="https://HUB/c/embed.js" data-bot="site"></script>
// Every other data- attribute becomes part of the page's address (data-shop="SH018").
(function () {
  'use strict';
  var script = document.currentScript;
  if (!script || window.__huiyin) return;
  window.__huiyin = true;

  var hub = new URL(script.src).origin;
  var data = script.dataset;
  var zh = /^zh\b/i.test(navigator.language || '');
  var label = data.label || (zh ? '和我们说说' : 'Talk to us');
  var query = '?embed=1';
  Object.keys(data).forEach(function (k) {
    if (k !== 'bot' && k !== 'label') query += '&' + encodeURIComponent(k) + '=' + encodeURIComponent(data[k]);
  });
  var address = hub + '/c' + (data.bot ? '/' + encodeURIComponent(data.bot) : '') + query;

  function style(n, rules) { for (var k in rules) n.style[k] = rules[k]; }
  var button = document.createElement('button');
  button.type = 'button';
  button.setAttribute('aria-label', label);
  button.setAttribute('aria-expanded', 'false');
  style(button, {
    position: 'fixed', right: '20px', bottom: 'calc(20px + env(safe-area-inset-bottom, 0px))', width: '60px', height: '60px', zIndex: '2147483000',
    border: '0', borderRadius: '50%', padding: '0', cursor: 'pointer', background: '#1f6f5c', color: '#fff', boxShadow: '0 6px 24px rgba(0,0,0,.22)'
  });
  var ns = 'http://www.w3.org/2000/svg';
  var svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('width', '34');
  svg.setAttribute('height', '34');
  svg.setAttribute('aria-hidden', 'true');
  style(svg, { display: 'block', margin: 'auto' });
  [['M6 9a5 5 0 0 1 5-5h10a5 5 0 0 1 5 5v8a5 5 0 0 1-5 5h-6l-5.4 4.6A1 1 0 0 1 8 25.8V22a5 5 0 0 1-2-4z', '#fff', 'none'],
    ['M12 12v2M16 10.5v5M20 12v2', 'none', '#1f6f5c']].forEach(function (d) {
    var p = document.createElementNS(ns, 'path');
    p.setAttribute('d', d[0]);
    p.setAttribute('fill', d[1]);
    p.setAttribute('stroke', d[2]);
    p.setAttribute('stroke-width', '2.4');
    p.setAttribute('stroke-linecap', 'round');
    svg.appendChild(p);
  });
  button.appendChild(svg);
  var dot = document.createElement('span');
  style(dot, {
    position: 'absolute', top: '-2px', right: '-2px', minWidth: '22px', height: '22px', borderRadius: '11px', background: '#c53a2d', color: '#fff',
    font: '600 13px/22px system-ui, sans-serif', padding: '0 5px', display: 'none', boxSizing: 'border-box'
  });
  button.appendChild(dot);

  var frame = null, open = false, loaded = false;
  function tell(what) { if (loaded) frame.contentWindow.postMessage({ huiyin: what }, hub); }
  function layout() {
    if (!frame) return;
    var small = window.innerWidth < 560 || window.innerHeight < 560;
    style(frame, small
      ? { top: '0', left: '0', right: '0', bottom: '0', width: '100%', height: '100%', borderRadius: '0' }
      : { top: 'auto', left: 'auto', right: '20px', bottom: '92px', width: '388px', height: 'min(640px, calc(100vh - 120px))', borderRadius: '18px' });
    style(button, { display: open && small ? 'none' : 'block' });
  }
  function build() {
    frame = document.createElement('iframe');
    frame.title = label;
    frame.src = address;
    frame.allow = 'microphone';
    style(frame, { position: 'fixed', border: '0', zIndex: '2147483001', background: 'transparent', boxShadow: '0 12px 48px rgba(0,0,0,.24)', colorScheme: 'auto' });
    frame.addEventListener('load', function () {
      loaded = true;
      tell(open ? 'opened' : 'closed');
    });
    document.body.appendChild(frame);
  }
  function toggle(want) {
    open = want;
    if (open && !frame) build();
    if (frame) frame.style.display = open ? 'block' : 'none';
    button.setAttribute('aria-expanded', String(open));
    layout();
    if (open) {
      count(0);
      tell('opened');
      frame.focus();
    } else {
      tell('closed');
      button.focus();
    }
  }
  function count(n) {
    dot.style.display = n && !open ? 'block' : 'none';
    dot.textContent = n > 99 ? '99+' : String(n);
  }
  button.addEventListener('click', function () { toggle(!open); });
  window.addEventListener('resize', layout);
  window.addEventListener('message', function (e) {
    if (!frame || e.source !== frame.contentWindow || e.origin !== hub || !e.data) return;
    if (e.data.huiyin === 'close') toggle(false);
    if (e.data.huiyin === 'unread') count(Number(e.data.n) || 0);
  });
  function start() { document.body.appendChild(button); }
  if (document.body) start(); else document.addEventListener('DOMContentLoaded', start);
})();
