package report

// Reason is the machine-readable cause of a verdict: a kebab-case code that workflows may branch on. After the
// first release a code is never renamed. docs/reason-codes.md is generated from the comments below: the verdicts
// that come with a code, and what it means.
type Reason string

// The reason codes, in alphabetical order.
const (
	// ReasonAttested (pass): reports were signed as evidence about the artifact.
	ReasonAttested Reason = "attested"
	// ReasonBaselineWritten (pass, warn): the findings of the checkout were accepted in `.goldenpath/baseline.json`; a warning lists what no baseline accepts.
	ReasonBaselineWritten Reason = "baseline-written"
	// ReasonBatteryFailed (fail): the release was deployed, but the tests against it failed.
	ReasonBatteryFailed Reason = "battery-failed"
	// ReasonBudgetAlert (warn): previews cost more than `preview.budget.alert` percent of the budget on that day.
	ReasonBudgetAlert Reason = "budget-alert"
	// ReasonBuildFailed (fail): `artifact.build` failed.
	ReasonBuildFailed Reason = "build-failed"
	// ReasonCheckFailed (fail): a command of `checks` or `battery` failed, or wrote no JUnit file.
	ReasonCheckFailed Reason = "check-failed"
	// ReasonCommentIncomplete (warn): not every report was added to the comment, because the token may not write it or a report belongs to another commit; the summary of the original run has them all.
	ReasonCommentIncomplete Reason = "comment-incomplete"
	// ReasonCommented (pass): the reports are in the comment on the pull request.
	ReasonCommented Reason = "commented"
	// ReasonCompleted (pass, warn): the run completed its last stage.
	ReasonCompleted Reason = "completed"
	// ReasonDimensionFailed (fail): a dimension of the scorecard failed, or a required one did not pass.
	ReasonDimensionFailed Reason = "dimension-failed"
	// ReasonDockerMissing (fail): `artifact.dockerfile` needs Docker, which is not installed or does not run on this machine (exit 3).
	ReasonDockerMissing Reason = "docker-missing"
	// ReasonDrift (fail): the target runs something other than what the ledger records.
	ReasonDrift Reason = "drift"
	// ReasonEvidenceFailed (fail): trusted evidence says that the artifact failed.
	ReasonEvidenceFailed Reason = "evidence-failed"
	// ReasonEvidenceMissing (fail): required evidence is missing, or is not signed by the trusted key.
	ReasonEvidenceMissing Reason = "evidence-missing"
	// ReasonFindings (fail): there are new findings at or above `gate.fail-on`.
	ReasonFindings Reason = "findings"
	// ReasonForkNotApproved (fail): the pull request comes from a fork, and no label approves its head commit.
	ReasonForkNotApproved Reason = "fork-not-approved"
	// ReasonGaps (warn): the path works, but safeguards are missing; the report lists them and how to add each.
	ReasonGaps Reason = "gaps"
	// ReasonHeadMoved (skip): the pull request has a newer commit; the run of that commit creates the preview or publishes its reports.
	ReasonHeadMoved Reason = "head-moved"
	// ReasonImported (pass): advisory data was imported.
	ReasonImported Reason = "imported"
	// ReasonIncomplete (fail): a scanner, its data or a stage produced no result (exit 3).
	ReasonIncomplete Reason = "incomplete"
	// ReasonInitialised (pass, warn): the missing files of the path were written and existing files left as they were; a warning names what init could not detect.
	ReasonInitialised Reason = "initialised"
	// ReasonInstalled (pass): the command is installed on the runner.
	ReasonInstalled Reason = "installed"
	// ReasonInvalidInput (fail): the configuration, the waivers or the files to package are invalid (exit 2).
	ReasonInvalidInput Reason = "invalid-input"
	// ReasonKeyCreated (pass): a signing key was created, and its public half was written to its file.
	ReasonKeyCreated Reason = "key-created"
	// ReasonKeyExists (pass): the signing key already exists, and its public half is in the repository.
	ReasonKeyExists Reason = "key-exists"
	// ReasonKeyMismatch (fail): `.goldenpath/evidence.pub` belongs to a different key than this clone has.
	ReasonKeyMismatch Reason = "key-mismatch"
	// ReasonLedgerMismatch (fail): the ledger's entry for a release does not match the image that it names.
	ReasonLedgerMismatch Reason = "ledger-mismatch"
	// ReasonLimitReached (fail): the repository or the author already has as many previews as `preview.limit` allows.
	ReasonLimitReached Reason = "limit-reached"
	// ReasonLocked (fail): someone else is changing the environment; the title names them.
	ReasonLocked Reason = "locked"
	// ReasonMissing (fail): advisory data could not be downloaded from any mirror, and there is no earlier copy (exit 3).
	ReasonMissing Reason = "missing"
	// ReasonMigrateFailed (fail): the migration failed, so the new version was not started.
	ReasonMigrateFailed Reason = "migrate-failed"
	// ReasonMoved (fail): the environment changed while the command was reading it; run the command again.
	ReasonMoved Reason = "moved"
	// ReasonNoBlockingFindings (pass): everything was checked, and nothing blocks.
	ReasonNoBlockingFindings Reason = "no-blocking-findings"
	// ReasonNoRelease (fail): there is no release to return to.
	ReasonNoRelease Reason = "no-release"
	// ReasonNotEverythingChecked (warn): nothing that was checked blocks; the report lists what was not checked.
	ReasonNotEverythingChecked Reason = "not-everything-checked"
	// ReasonNotFound (fail, skip): the artifact is not in the registry (fail), or the preview does not exist (skip).
	ReasonNotFound Reason = "not-found"
	// ReasonNotInImage (fail): the image starts a program that it does not contain, and a target of `.goldenpath.yml` runs it in a container.
	ReasonNotInImage Reason = "not-in-image"
	// ReasonNotOnBase (skip): the base branch has no Terraform configuration for previews yet, and that of a pull request does not run with credentials.
	ReasonNotOnBase Reason = "not-on-base"
	// ReasonNotPullable (fail): the artifact of an earlier release can no longer be pulled.
	ReasonNotPullable Reason = "not-pullable"
	// ReasonNotReady (fail): the application was deployed but did not become ready; the report shows what was observed and the last lines of its log. Exit 1; exit 3 if the target, not the application, failed.
	ReasonNotReady Reason = "not-ready"
	// ReasonNotRunning (fail): the previous environment does not run its recorded release.
	ReasonNotRunning Reason = "not-running"
	// ReasonNotStaged (fail): the digest is not the one that runs in the previous environment.
	ReasonNotStaged Reason = "not-staged"
	// ReasonNothingDeclared (skip): the configuration declares nothing to run.
	ReasonNothingDeclared Reason = "nothing-declared"
	// ReasonNothingToCheck (skip): the gate found no file that it can check.
	ReasonNothingToCheck Reason = "nothing-to-check"
	// ReasonNothingToReport (skip): there is no report, or the run does not belong to a pull request that this run may comment on.
	ReasonNothingToReport Reason = "nothing-to-report"
	// ReasonOK (pass): the requested information was shown.
	ReasonOK Reason = "ok"
	// ReasonOlderCommit (fail): the commit is older than the one that runs in the environment; `--older` releases it anyway.
	ReasonOlderCommit Reason = "older-commit"
	// ReasonOtherCommit (fail): an image or a report belongs to another commit or artifact than the one it was passed for.
	ReasonOtherCommit Reason = "other-commit"
	// ReasonOtherTarget (fail): the release ran on another target, such as another cluster or a laptop, than the command acts on; `--moved` accepts it.
	ReasonOtherTarget Reason = "other-target"
	// ReasonOverBudget (fail, warn): the preview would exceed `preview.budget` and was not created (fail); in the daily report, the budget was exceeded (warn).
	ReasonOverBudget Reason = "over-budget"
	// ReasonOverdue (warn): a preview has outlived its time to live by more than two sweeps; check that the sweep runs.
	ReasonOverdue Reason = "overdue"
	// ReasonPackaged (pass): the artifact is in the registry, with its provenance.
	ReasonPackaged Reason = "packaged"
	// ReasonPassed (pass): every check passed.
	ReasonPassed Reason = "passed"
	// ReasonPathBroken (fail): something breaks the path or its safety; the report says what it is and how to fix it.
	ReasonPathBroken Reason = "path-broken"
	// ReasonPlanned (pass): dry run: nothing was changed.
	ReasonPlanned Reason = "planned"
	// ReasonPolicyWarning (warn): nothing blocks, but the policy in this change is invalid and the gate would reject it after the merge.
	ReasonPolicyWarning Reason = "policy-warning"
	// ReasonPrepared (pass, skip): the data of the preview is prepared, there was nothing to prepare, or the result was recorded.
	ReasonPrepared Reason = "prepared"
	// ReasonPromoted (pass): the release is deployed, verified by reading the target, and recorded.
	ReasonPromoted Reason = "promoted"
	// ReasonPullRequestClosed (skip): the pull request is closed; no preview is created, and one being created is removed.
	ReasonPullRequestClosed Reason = "pull-request-closed"
	// ReasonPullRequestOpen (skip): the pull request is open, so its preview stays.
	ReasonPullRequestOpen Reason = "pull-request-open"
	// ReasonPushed (pass): the artifact is in its registry, with its provenance.
	ReasonPushed Reason = "pushed"
	// ReasonReady (pass, warn): the preview is ready; or the candidate is ready for release.
	ReasonReady Reason = "ready"
	// ReasonReadyWithGaps (warn): the candidate is ready, but some dimensions have no result.
	ReasonReadyWithGaps Reason = "ready-with-gaps"
	// ReasonRefused (fail): policy rejects what was asked for; nothing was applied.
	ReasonRefused Reason = "refused"
	// ReasonRemoved (pass): the preview, or what earlier runs left, was removed.
	ReasonRemoved Reason = "removed"
	// ReasonReported (pass): the cost of the previews of a day was reported.
	ReasonReported Reason = "reported"
	// ReasonReportsRefused (fail): the reports of a run contain something that is not a report; the rest was published.
	ReasonReportsRefused Reason = "reports-refused"
	// ReasonRolledBack (pass): an earlier release is running again.
	ReasonRolledBack Reason = "rolled-back"
	// ReasonSeedFailed (fail): the preview is deployed, but its data could not be seeded.
	ReasonSeedFailed Reason = "seed-failed"
	// ReasonSLOBreach (fail): an SLO was breached during the soak, and the release was rolled back.
	ReasonSLOBreach Reason = "slo-breach"
	// ReasonSLOBreachFirstRelease (fail): an SLO was breached, and there is no earlier release to return to.
	ReasonSLOBreachFirstRelease Reason = "slo-breach-first-release"
	// ReasonSLOBreachNoProvenRelease (fail): an SLO was breached, and no earlier release has the required evidence; the broken release keeps running.
	ReasonSLOBreachNoProvenRelease Reason = "slo-breach-no-proven-release"
	// ReasonSoakEnded (fail): somebody has taken over while the release was watched, as a rollback does.
	ReasonSoakEnded Reason = "soak-ended"
	// ReasonSoakFailed (fail): this release failed its soak before and is not promoted again.
	ReasonSoakFailed Reason = "soak-failed"
	// ReasonSoakInconclusive (fail): there were too few samples for a result; the release keeps running and is not approved.
	ReasonSoakInconclusive Reason = "soak-inconclusive"
	// ReasonSoaked (pass, warn): the release passed its soak; a warning if it restarted.
	ReasonSoaked Reason = "soaked"
	// ReasonStale (warn): advisory data could not be updated, and the existing copy is still recent enough.
	ReasonStale Reason = "stale"
	// ReasonStopped (pass): environments on this machine were stopped.
	ReasonStopped Reason = "stopped"
	// ReasonSuperseded (skip): a later run, or a removal, has taken over the preview.
	ReasonSuperseded Reason = "superseded"
	// ReasonSweepIncomplete (fail): an expired preview could not be removed, or pull requests could not be read; the next sweep tries again (exit 3).
	ReasonSweepIncomplete Reason = "sweep-incomplete"
	// ReasonSwept (pass): every expired preview was removed.
	ReasonSwept Reason = "swept"
	// ReasonUnchanged (pass, warn): every file or waiver that the command would write already exists.
	ReasonUnchanged Reason = "unchanged"
	// ReasonUpToDate (pass): advisory data was downloaded, or is recent.
	ReasonUpToDate Reason = "up-to-date"
	// ReasonValid (pass): the configuration and the waivers are valid.
	ReasonValid Reason = "valid"
	// ReasonWaived (pass, warn): waivers were added to the file; a warning lists the findings that `--all` does not waive.
	ReasonWaived Reason = "waived"
	// ReasonWaiverExpired (warn): nothing blocks, but a waiver has expired.
	ReasonWaiverExpired Reason = "waiver-expired"
	// ReasonWaiverUnused (warn): nothing blocks, but a waiver matches no finding although every file was examined.
	ReasonWaiverUnused Reason = "waiver-unused"
	// ReasonWasRolledBack (fail): this digest was rolled back before; `--again` promotes it anyway.
	ReasonWasRolledBack Reason = "was-rolled-back"
)
