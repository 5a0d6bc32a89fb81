"use strict";

SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#operations",
  deepLinking: true,
  validatorUrl: null, // no other host is asked
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
});
