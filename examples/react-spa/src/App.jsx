import { useState } from 'react'

export function App() {
  const [count, setCount] = useState(0)
  return (
    <main>
      <h1>A React application</h1>
      <p>
        Vite built it and nginx serves it. Change <code>src/App.jsx</code>, commit, and <code>git push paastech main</code>.
      </p>
      <button onClick={() => setCount(count + 1)}>Counted to {count}</button>
    </main>
  )
}
