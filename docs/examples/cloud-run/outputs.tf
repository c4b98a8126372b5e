output "url" {
  description = "Address of the environment."
  value       = google_cloud_run_v2_service.app.uri

  # It works only after callers have permission.
  depends_on = [google_cloud_run_v2_service_iam_member.invoker]
}

output "revision" {
  description = "Revision that was deployed last. Set stable_revision to it before a canary."
  value       = google_cloud_run_v2_service.app.latest_ready_revision
}

output "goldenpath" {
  description = "State of the environment, which goldenpath reads in status, promote, down and sweep."
  value       = var.goldenpath
}
