package report

import (
	"fmt"
	"strings"
)

// block is a part of a page. It is shown whole, or cut between two rows.
type block struct {
	head string
	rows []string
	more string // format of the line that counts the rows left out
	tail string
}

// size returns the bytes of the whole block.
func (b block) size() int {
	n := len(b.head) + len(b.tail)
	for _, r := range b.rows {
		n += len(r)
	}
	return n
}

// fit renders the block in at most room bytes. out is empty if not even one row fits.
func (b block) fit(room int) (out string, whole bool) {
	if b.size() <= room {
		return b.head + strings.Join(b.rows, "") + b.tail, true
	}
	left := room - len(b.head) - len(b.tail) - len(b.count(len(b.rows)))
	n := 0
	for n < len(b.rows) && len(b.rows[n]) <= left {
		left -= len(b.rows[n])
		n++
	}
	if n == 0 {
		return "", false
	}
	return b.head + strings.Join(b.rows[:n], "") + b.count(len(b.rows)-n) + b.tail, false
}

func (b block) count(n int) string { return fmt.Sprintf(b.more, n) }

// joinBlocks joins blocks within a budget in bytes. A block that does not fit is left out,
// and a notice at the end says so; later blocks may still fit. A long block takes at most
// half of the remaining room, unless the later blocks need less.
func joinBlocks(blocks []block, budget int) string {
	const notice = "_Shortened to fit here; the JSON report is complete._\n"
	behind := 0
	for _, block := range blocks {
		behind += block.size() + 1
	}
	var b strings.Builder
	cut := false
	for _, block := range blocks {
		behind -= block.size() + 1
		room := budget - len(notice) - b.Len() - 1
		if block.size() > room/2 && len(block.rows) > 0 {
			room = max(room/2, room-behind)
		}
		out, whole := block.fit(room)
		cut = cut || !whole
		if out != "" {
			b.WriteString(out + "\n")
		}
	}
	if cut && b.Len()+len(notice) <= budget {
		b.WriteString(notice)
	}
	return b.String()
}
