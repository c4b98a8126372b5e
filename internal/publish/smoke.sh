#!/usr/bin/env bash
# Walks through the checks of a release candidate in repositories of another account
# (docs/releasing.md) and records each answer in a file. What the file has is not asked
# again. It succeeds when every check has passed or was left out with a reason.
set -euo pipefail

version=${1:?usage: smoke.sh VERSION [FILE]}
file=${2:-smoke-$version.tsv}

checks() {
	cat <<'END'
public: goldenpath init and goldenpath doctor with the candidate's pin; doctor passes
public: a pull request is opened; the checks are green, and the comment has the preview's address
public: a push to it; the comment is updated, and the preview has the new commit
public: it gets another base; it is examined again
public: it is closed; the preview, its tag pr-N-COMMIT and its image are gone
public: a pull request of a fork; no preview, and comment.yml comments
public: a pull request of Dependabot, and its close; no red run
public: code scanning over two pushes; an alert closes only when its finding is gone
public: a merge; staging and production run the same digest, with the tags staging-ID and production-ID
public: two merges in a row; the older one ends without a red run
public: a rollback; the previous digest runs again
public: a sweep by hand; it lists and removes nothing
public: a release by hand (Run workflow)
public: failed jobs of a day before are run again
private: a pull request with a preview, and its merge
private: KUBECONFIG only in the environment; promote names the cause, and doctor reports it
private: a clean-up of images as in docs/registries.md; what runs and the release before can still be pulled
private: another registry with a password, and one with registry-login
environment with a reviewer: production waits, and no one can approve their own deployment
merge queue: the group is examined, and merged
organisation with an allow-list: only goldenpath and GitHub's own actions; every workflow starts
organisation that requires signed commits on all branches: a release; the ledger's commits are verified
organisation that requires pull requests on all branches: the error and doctor name the ruleset
the notes are published: v0 moves for a release, and stays for a candidate
END
}

touch "$file"
total=0 failed=0 left=0 stop=
while IFS= read -r check <&3; do
	total=$((total + 1))
	answer=$(awk -F '\t' -v check="$check" '$1 == check { last = $2 } END { print last }' "$file")
	if [ -z "$answer" ] && [ -z "$stop" ]; then
		printf '\n%s\n  p passed, f failed, o leave out, q quit: ' "$check"
		while IFS= read -r answer || { answer=q; stop=1; break; }; do
			case $answer in p | f | o) break ;; q) stop=1; break ;; esac
			printf '  p, f, o or q: '
		done
		if [ -z "$stop" ]; then
			note=
			if [ "$answer" != p ]; then
				printf '  why: '
				IFS= read -r note || true
			fi
			printf '%s\t%s\t%s\t%s\n' "$check" "$answer" "$(date -u +%Y-%m-%dT%H:%MZ)" "${note//$'\t'/ }" >>"$file"
		fi
	fi
	case $answer in p | o) ;; f) failed=$((failed + 1)) ;; *) left=$((left + 1)) ;; esac
done 3< <(checks)
printf '\n%s: %d checks, %d failed, %d left; the answers are in %s\n' "$version" "$total" "$failed" "$left" "$file"
[ "$failed" = 0 ] && [ "$left" = 0 ]
