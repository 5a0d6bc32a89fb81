'use strict'

const http = require('node:http')

const port = Number(process.env.PORT || 8080)

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello from Node.js</title>
<style>body { font: 1.2rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }</style>
<h1>Hello from Node.js</h1>
<p>Node ${process.version} answers. Change <code>server.js</code>, commit, and <code>git push paastech main</code>.</p>
</html>
`

const server = http.createServer((request, response) => {
  console.log(`${request.method} ${request.url}`)
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.end(page)
})

server.listen(port, '0.0.0.0', () => console.log(`listening on port ${port}`))

// Finish what is being answered, then go.
process.on('SIGTERM', () => server.close())
