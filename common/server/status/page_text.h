// SPDX-License-Identifier: Apache-2.0
// The parts of the status page that are always the same: its look, and the script that keeps it
// fresh. The page is complete without the script.
#pragma once

#include <string_view>

namespace ccm::server {

inline constexpr std::string_view kPageStyle = R"css(
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--dim:#57606a;--line:#d0d7de;--tint:#f4f6f8;
--good:#116329;--warning:#7d4e00;--bad:#b3131d;--good-bar:#2da44e;--spent:#c9d1d9;--window:#bf8700}
@media(prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--dim:#9aa4af;--line:#30363d;
--tint:#161b22;--good:#56d364;--warning:#e3b341;--bad:#ff8a83;--good-bar:#2ea043;--spent:#30363d;--window:#9e6a03}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
header,main,footer{max-width:78rem;margin:0 auto;padding:0 1rem}
h1{font-size:1.5rem;margin:1rem 0 .25rem}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
a{color:inherit}.dim{color:var(--dim)}small,.small{font-size:.875rem}
:focus-visible{outline:3px solid #4493f8;outline-offset:2px}
.good{color:var(--good)}.warning{color:var(--warning)}.bad{color:var(--bad)}
.word{font-weight:600;white-space:nowrap}.word::before{content:"\25CF\2002"}
.warning.word::before{content:"\25B2\2002"}.bad.word::before{content:"\25A0\2002"}
.alarm{border:2px solid var(--bad);border-radius:6px;padding:.6rem .9rem;margin:.75rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:.75rem;margin:.75rem 0}
.card{background:var(--tint);border:1px solid var(--line);border-radius:6px;padding:.6rem .9rem}
.card h2{margin:0 0 .3rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem;margin:0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
form{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.75rem 0}
label{display:flex;flex-direction:column;font-size:.875rem}
input,select,button{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--dim);border-radius:6px;
padding:.35rem .6rem;min-height:2.5rem}button{cursor:pointer}
table{width:100%;border-collapse:collapse}caption{text-align:left;color:var(--dim);padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.5rem .6rem .5rem 0;border-top:1px solid var(--line)}
th{font-weight:600}td,th[scope=row]{overflow-wrap:anywhere}
.bar{position:relative;height:.8rem;width:100%;min-width:8rem;background:var(--good-bar);border-radius:4px;overflow:hidden;margin:.3rem 0}
.bar i{position:absolute;top:0;bottom:0}.bar .window{background:var(--window);right:0}.bar .spent{background:var(--spent);left:0}
.bar.none{background:var(--spent)}
.pages{display:flex;gap:1rem;align-items:center;margin:.75rem 0}.pages a{padding:.4rem 0}
details{margin:1rem 0}summary{cursor:pointer;padding:.3rem 0}
.wide{overflow-x:auto}
@media(max-width:52rem){.list thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
.list tr{display:block;border-top:1px solid var(--line);padding:.5rem 0}.list td,.list th{display:block;border:0;padding:.15rem 0}
.list td::before{content:attr(data-head);display:block;color:var(--dim);font-size:.875rem}}
)css";

// Fetches the newest page and replaces the changing part of this one, unless somebody is using an
// element in it.
inline constexpr std::string_view kPageScript = R"js(
(function () {
  'use strict';
  var pause = 5000;
  function refresh() {
    var live = document.getElementById('live');
    var busy = document.hidden || (document.activeElement && live.contains(document.activeElement));
    if (busy) { setTimeout(refresh, pause); return; }
    fetch(location.href, { headers: { Accept: 'text/html' }, cache: 'no-store' })
      .then(function (answer) {
        if (!answer.ok) { throw new Error('the server answered ' + answer.status); }
        return answer.text();
      })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, 'text/html');
        var open = live.querySelector('details') && live.querySelector('details').open;
        live.replaceChildren.apply(live, Array.from(fresh.getElementById('live').childNodes));
        if (open) { live.querySelector('details').open = true; }
        var state = document.getElementById('state');
        var said = fresh.getElementById('state');
        if (state.innerHTML !== said.innerHTML) { state.innerHTML = said.innerHTML; }
        document.title = fresh.title;
        document.getElementById('lost').textContent = '';
      })
      .catch(function (problem) {
        document.getElementById('lost').textContent =
          'This page is out of date: ' + problem.message + '. It tries again every five seconds.';
      })
      .then(function () { setTimeout(refresh, pause); });
  }
  setTimeout(refresh, pause);
}());
)js";

}  // namespace ccm::server
