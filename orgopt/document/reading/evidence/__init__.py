"""What speaks for roles in a document, a module a form; `weigh` decides."""
