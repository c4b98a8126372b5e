output "url" {
  description = "Where the preview answers."
  value       = google_cloud_run_v2_service.preview.uri

  # It answers once its callers are let in.
  depends_on = [google_cloud_run_v2_service_iam_member.invoker]
}

output "goldenpath" {
  description = "What goldenpath knows of the preview: read back by status, down and sweep."
  value       = var.goldenpath
}
