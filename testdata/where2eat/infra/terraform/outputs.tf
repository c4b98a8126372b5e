output "url" {
  description = "Address of the preview."
  value       = terraform_data.preview.output.url
}

output "namespace" {
  description = "Namespace of the preview's objects."
  value       = terraform_data.preview.output.namespace
}
