# Variables that you set in .goldenpath.yml, under preview.vars.

variable "project" {
  description = "Google Cloud project that previews run in. Use a separate project for previews."
  type        = string
}

variable "region" {
  description = "Region of the services, such as europe-west1."
  type        = string
}

variable "service_account" {
  description = "E-mail of the service account the app runs as. Without one it would run as the project's default account, which may do far more than a preview should."
  type        = string
}

variable "public" {
  description = "Whether everybody may call the preview. goldenpath and reviewers' browsers call it without a token; with false the readiness check fails, unless a proxy lets them in."
  type        = bool
  default     = true
}

# Variables that goldenpath sets if they are declared under these names.

variable "image" {
  description = "Image to run, by digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must end with @sha256: and a digest."
  }
}

variable "name" {
  description = "Name of the environment and of its workspace, such as pr-12."
  type        = string
}

variable "app" {
  description = "Name of the app."
  type        = string
}

variable "env" {
  description = "Environment variables of the app."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Owner and origin of the preview, in characters that labels allow."
  type        = map(string)
  default     = {}
}

variable "goldenpath" {
  description = "State of the preview. The output of the same name returns it."
  type        = map(string)
  default     = {}
}
