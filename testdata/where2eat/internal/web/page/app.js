"use strict";

const $ = (id) => document.getElementById(id);
const poll = new URLSearchParams(location.search).get("poll");

function say(text) {
  $("message").textContent = text;
}

function element(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

// call returns the body of a successful response and throws the message of an error.
async function call(path, body) {
  const request = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, request);
  const answer = await response.json().catch(() => ({ error: `The server answered ${response.status}.` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// on adds a handler and shows its errors accessibly.
function on(id, event, handler) {
  $(id).addEventListener(event, async (e) => {
    e.preventDefault();
    say("");
    try {
      await handler();
    } catch (error) {
      say(error.message);
    }
  });
}

async function show() {
  const results = await call("/results?poll=" + encodeURIComponent(poll));
  document.title = results.title + " · where2eat";
  $("poll-title").textContent = results.title;
  if (!$("choices").hasChildNodes()) {
    $("choices").append(...results.options.map((option) =>
      element("label", {}, element("input", { type: "radio", name: "option", value: option, required: true }), option)));
  }
  const votes = results.total === 1 ? "1 vote" : results.total + " votes";
  $("summary").textContent = results.winner ? `${votes}, ${results.winner} leads` : "Nobody voted yet";
  $("votes").replaceChildren(...results.options.map((option) => {
    const n = results.votes[option];
    const share = results.percentages ? `${n} (${results.percentages[option]} %)` : String(n);
    const bar = element("meter", { max: Math.max(results.total, 1), value: n, ariaLabel: `${option}: ${n} of ${votes}` });
    return element("tr", { className: option === results.winner ? "winner" : "" },
      element("th", { scope: "row" }, option),
      element("td", { className: "number" }, share),
      element("td", { className: "bar" }, bar));
  }));
  $("poll").hidden = false;
}

on("create", "submit", async () => {
  const options = $("options").value.split("\n").map((line) => line.trim()).filter(Boolean);
  const { id } = await call("/poll", { title: $("title").value, options });
  location.assign("/?poll=" + encodeURIComponent(id));
});

on("cast", "submit", async () => {
  const { option, voter } = await call("/vote", {
    poll,
    option: document.querySelector("input[name=option]:checked").value,
    voter: $("voter").value,
  });
  await show();
  say(`${voter} votes for ${option}.`);
});

on("refresh", "click", show);

$("share").hidden = !navigator.clipboard; // available on https and localhost only
on("share", "click", async () => {
  await navigator.clipboard.writeText(location.href);
  say("Link copied.");
});

if (poll) {
  show().catch((error) => {
    say(error.message);
    $("new").hidden = false;
  });
} else {
  $("new").hidden = false;
}
