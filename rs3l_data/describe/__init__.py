"""What a user asks for: configs, catalogues and cards, validated once, at the edge."""
