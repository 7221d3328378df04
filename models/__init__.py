"""What a prediction is: labels, classifier, decision, evidence, bundle, registry."""
