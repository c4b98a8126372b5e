variable "pr" {
  description = "Number of the pull request."
  type        = number

  validation {
    condition     = var.pr > 0 && floor(var.pr) == var.pr
    error_message = "pr must be the number of a pull request, such as 12."
  }
}

variable "image" {
  description = "Image to run, by digest."
  type        = string
  default     = ""

  validation {
    condition     = var.image == "" || can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must end with @sha256: and a digest."
  }
}

variable "domain" {
  description = "Parent domain of the addresses of previews."
  type        = string
  default     = "preview.example.com"
}
