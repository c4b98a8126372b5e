terraform {
  required_version = ">= 1.6"

  # The bucket is named in .goldenpath.yml (backend). Each environment is a workspace in it.
  backend "gcs" {}

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0, < 8.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}
