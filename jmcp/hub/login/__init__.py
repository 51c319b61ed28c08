"""Login of a browser at the gateway, through the Hub's own OAuth."""
