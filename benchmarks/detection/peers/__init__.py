"""Other diagnosers of PyTorch training on the detection corpus, beside gradwise."""
