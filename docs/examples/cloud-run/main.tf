locals {
  # A service's name has at most 49 characters. Two long names stay different because of the digest.
  full = "${var.app}-${var.name}"
  name = length(local.full) <= 49 ? local.full : "${substr(local.full, 0, 40)}-${substr(sha256(local.full), 0, 8)}"
}

resource "google_cloud_run_v2_service" "preview" {
  name     = local.name
  location = var.region
  labels   = var.labels
  ingress  = "INGRESS_TRAFFIC_ALL"

  # Previews are removed. With the provider's default every destroy would fail.
  deletion_protection = false

  template {
    labels          = var.labels
    service_account = var.service_account
    timeout         = "60s"

    scaling {
      min_instance_count = 0 # an unused preview costs nothing
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

# Allows everybody to call the service. Without it Cloud Run returns 403 to requests without a token.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  count = var.public ? 1 : 0

  location = google_cloud_run_v2_service.preview.location
  name     = google_cloud_run_v2_service.preview.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
