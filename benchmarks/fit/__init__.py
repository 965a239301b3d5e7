"""Speed of fit: the same nets, data and accuracy, beside the loops people use today."""
