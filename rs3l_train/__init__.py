"""RS3L training: pretrain on views, fine-tune, evaluate."""
