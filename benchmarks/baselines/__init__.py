"""Classical models beside scikit-learn's own: seconds of a prediction, labels, scores."""
