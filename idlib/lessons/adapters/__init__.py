"""LoRA: notebook 12."""
