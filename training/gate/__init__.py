"""What training would learn from: copies, labels of several hands, parts for training and testing."""
