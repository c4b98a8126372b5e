output "url" {
  description = "Address of the preview."
  value       = google_cloud_run_v2_service.preview.uri

  # It works only after callers have permission.
  depends_on = [google_cloud_run_v2_service_iam_member.invoker]
}

output "goldenpath" {
  description = "State of the preview, which goldenpath reads in status, down and sweep."
  value       = var.goldenpath
}
