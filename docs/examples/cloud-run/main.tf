locals {
  # A service's name has at most 49 characters. Two long names stay different by their digest.
  full = "${var.app}-${var.name}"
  name = length(local.full) <= 49 ? local.full : "${substr(local.full, 0, 40)}-${substr(sha256(local.full), 0, 8)}"
}

resource "google_cloud_run_v2_service" "preview" {
  name     = local.name
  location = var.region
  labels   = var.labels
  ingress  = "INGRESS_TRAFFIC_ALL"

  # A preview is made to be removed. The provider's default would make every destroy fail.
  deletion_protection = false

  template {
    labels          = var.labels
    service_account = var.service_account
    timeout         = "60s"

    scaling {
      min_instance_count = 0 # nothing is paid for while nobody looks
      max_instance_count = 2
    }

    containers {
      image = var.image

      ports {
        container_port = 8080
      }

      resources {
        limits = {
          cpu    = "1"
          memory = "512Mi"
        }
        cpu_idle = true
      }

      dynamic "env" {
        for_each = var.env
        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        period_seconds    = 2
        failure_threshold = 30
        http_get {
          path = "/healthz"
        }
      }
    }
  }
}

# Who may call the service. Without it Cloud Run answers 403 to everybody without a token.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  count = var.public ? 1 : 0

  location = google_cloud_run_v2_service.preview.location
  name     = google_cloud_run_v2_service.preview.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
