"""What is done with views and networks: pretrain, tag with few labels, study the gain."""
