# Variables that you set in .goldenpath.yml, under preview.vars and environments.*.vars.

variable "project" {
  description = "Google Cloud project that the service runs in. Use a separate project for previews."
  type        = string
}

variable "region" {
  description = "Region of the services, such as europe-west1."
  type        = string
}

variable "service_account" {
  description = "E-mail of the service account the app runs as. Without one it would run as the project's default account, which may do far more than the app should."
  type        = string
}

variable "public" {
  description = "Whether everybody may call the service. goldenpath and reviewers' browsers call it without a token; with false the readiness check fails, unless a proxy lets them in."
  type        = bool
  default     = true
}

variable "protected" {
  description = "Whether Terraform refuses to delete the service. true for production; never for previews."
  type        = bool
  default     = false
}

variable "min_instances" {
  description = "Instances that run without requests."
  type        = number
  default     = 0
}

variable "max_instances" {
  description = "Most instances at once."
  type        = number
  default     = 2
}

variable "stable_revision" {
  description = "Revision that keeps the other requests during a canary. Empty sends all requests to the latest revision."
  type        = string
  default     = ""
}

variable "canary" {
  description = "Percentage of the requests for the latest revision while stable_revision is set."
  type        = number
  default     = 10
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
  description = "Owner and origin of the environment, in characters that labels allow."
  type        = map(string)
  default     = {}
}

variable "goldenpath" {
  description = "State of the environment. The output of the same name returns it."
  type        = map(string)
  default     = {}
}
