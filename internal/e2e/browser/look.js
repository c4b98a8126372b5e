// Opens pages at three widths and in two themes, as they are and with everything unfolded,
// and prints each problem as a line: what axe finds, a page that scrolls sideways, a
// request, a script of the page that ran, and a word that a phone shows in pieces.
//
//   node look.js FOLDER PAGE...   screenshots and a printed page go into FOLDER
'use strict'
const fs = require('fs')
const path = require('path')
const { chromium } = require('playwright-core')
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const [folder, ...pages] = process.argv.slice(2)

// broken returns words of up to 24 letters that are shown on more than one line.
function broken() {
  const found = new Set()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement.checkVisibility() || node.parentElement.closest('pre')) continue
    if (node.previousSibling?.nodeName === 'WBR' || node.nextSibling?.nodeName === 'WBR') continue // a part of a longer word
    for (const match of node.data.matchAll(/[\p{L}\p{N}]{2,24}/gu)) {
      const range = document.createRange()
      range.setStart(node, match.index)
      range.setEnd(node, match.index + match[0].length)
      if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) found.add(match[0])
    }
  }
  return [...found]
}

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
  let problems = 0
  for (const page of pages) {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [360, 768, 1440]) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true })
        const tab = await context.newPage()
        const name = `${path.basename(path.dirname(page))}-${path.basename(page, '.html')}-${colorScheme}-${width}`
        const problem = (...what) => { problems++; console.log(name, ...what) }
        tab.on('request', (r) => { if (r.url() !== 'file://' + page) problem('requests', r.url()) })
        await tab.goto('file://' + page)
        if ((await tab.title()) === 'owned') problem('ran a script')
        for (const state of ['folded', 'unfolded']) {
          if (state === 'unfolded') await tab.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true }))
          const wide = await tab.evaluate(() => document.documentElement.scrollWidth)
          if (wide > width) problem(state, 'scrolls sideways:', wide)
          const words = await tab.evaluate(broken)
          if (words.length > 0) problem(state, 'breaks words:', words.slice(0, 5).join(' '))
          await tab.evaluate(axe)
          const result = await tab.evaluate(() => window.axe.run())
          for (const v of result.violations) problem(state, v.id, v.nodes.length, v.nodes[0].html.slice(0, 200))
          await tab.screenshot({ path: `${folder}/${name}-${state}.png`, fullPage: true })
        }
        if (width === 1440 && colorScheme === 'dark') await tab.pdf({ path: `${folder}/${name}.pdf`, format: 'A4' })
        await context.close()
      }
    }
  }
  await browser.close()
  process.exitCode = problems > 0 ? 1 : 0
}
main().catch((err) => { console.log(err); process.exitCode = 2 })
