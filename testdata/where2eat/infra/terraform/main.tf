# A minimal preview. For a real one, replace terraform_data with the resources of your platform and keep the rest.

locals {
  name = "pr-${var.pr}"
}

resource "terraform_data" "preview" {
  input = {
    namespace = "where2eat-${local.name}"
    image     = var.image
    url       = "https://${local.name}.${var.domain}"
    labels = {
      app     = "where2eat"
      preview = local.name
    }
  }

  lifecycle {
    precondition {
      condition     = terraform.workspace == local.name
      error_message = "The workspace is ${terraform.workspace}: run terraform workspace select -or-create ${local.name}."
    }
  }
}
