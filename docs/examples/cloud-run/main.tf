locals {
  # A service's name has at most 49 characters. Two long names stay different because of the digest.
  full = "${var.app}-${var.name}"
  name = length(local.full) <= 49 ? local.full : "${substr(local.full, 0, 40)}-${substr(sha256(local.full), 0, 8)}"
}

resource "google_cloud_run_v2_service" "app" {
  name     = local.name
  location = var.region
  labels   = var.labels
  ingress  = "INGRESS_TRAFFIC_ALL"

  # Previews are removed. With the provider's default every destroy would fail.
  deletion_protection = var.protected

  template {
    labels          = var.labels
    service_account = var.service_account
    timeout         = "60s"

    scaling {
      min_instance_count = var.min_instances # 0: an unused preview costs nothing
      max_instance_count = var.max_instances
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

  # Every deployment makes a revision. It gets all requests as soon as it has started, or,
  # while stable_revision is set, the percentage in canary.
  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = var.stable_revision == "" ? 100 : var.canary
  }

  dynamic "traffic" {
    for_each = var.stable_revision == "" ? [] : [var.stable_revision]
    content {
      type     = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
      revision = traffic.value
      percent  = 100 - var.canary
    }
  }
}

# Allows everybody to call the service. Without it Cloud Run returns 403 to requests without a token.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  count = var.public ? 1 : 0

  location = google_cloud_run_v2_service.app.location
  name     = google_cloud_run_v2_service.app.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
