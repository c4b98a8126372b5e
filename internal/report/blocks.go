package report

import (
	"fmt"
	"strings"
)

// block is a part of a page that is kept whole, or cut between two of its rows.
type block struct {
	head string
	rows []string
	more string // what the rows are, for the line that counts those left out
	tail string
}

// size is what the whole block takes.
func (b block) size() int {
	n := len(b.head) + len(b.tail)
	for _, r := range b.rows {
		n += len(r)
	}
	return n
}

// fit renders the block into room bytes. It is empty when nothing worth
// showing fits.
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

// page joins blocks within a budget in bytes. One that does not fit is left
// out, those behind it may still fit, and the end says so. A long one takes no
// more than half of the room that is left, unless those behind it need less.
func page(blocks []block, budget int) string {
	const notice = "_Cut to fit this surface: the JSON report has everything._\n"
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
