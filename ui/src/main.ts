import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import './lib/look.svelte'
import { live } from './lib/live.svelte'
import { route } from './lib/route.svelte'

route.start()
live.start()
mount(App, { target: document.getElementById('app')! })
