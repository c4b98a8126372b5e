output "url" {
  description = "Where the preview is reached."
  value       = terraform_data.preview.output.url
}

output "namespace" {
  description = "Where the preview's objects live."
  value       = terraform_data.preview.output.namespace
}
