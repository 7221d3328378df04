"""The console's pages: templates, their texts in Chinese and English, and what is drawn in them."""
