"""What every room stands on: recipes, labelled programs, run folders, language models, scores and metrics."""
