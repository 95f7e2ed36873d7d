"""The experiment `networks`: what a step costs, and what memory it takes, on a ResNet, a ViT and a GPT."""
