"""The screens, one file and one template folder each. Each file's `screen` is a blueprint inside the console's."""
